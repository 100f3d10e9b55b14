# gan-eval on the CPU. In the checkout:
#   docker build -t gan-eval .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD":/data gan-eval run

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY gan_eval gan_eval
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# PyTorch's build for the CPU; the other one brings gigabytes of CUDA libraries.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "torch>=2.8,<2.14"
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl

# What Matplotlib knows of fonts is kept where any user of the container may write.
ENV MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 1000 gan && install --directory --owner gan /data
USER gan
WORKDIR /data
ENTRYPOINT ["gan-eval"]
CMD ["--help"]
