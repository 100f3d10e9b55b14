"""A film as a file: .gif by Pillow, .mp4 by ffmpeg, .html as a page with a slider."""

from __future__ import annotations

import io
import subprocess
import tempfile
from pathlib import Path

from gan_eval.plots.film.frames import Film, images
from gan_eval.runtime.arguments import cut
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import replacing

PER_SECOND = 4
"""Frames in a second."""
_HELD = 8
"""How many frames long the last one stays."""


def write(film: Film, path: str | Path) -> None:
    """Write a film; the ending of the name says how. What was there is replaced, or kept."""
    ending = Path(path).suffix.lower()
    if ending == ".html":
        from gan_eval.plots.film.page import page

        data = page(film).encode()
    else:
        data = gif(film) if ending == ".gif" else mp4(film)
    with replacing(path, "wb") as file:
        file.write(data)


def gif(film: Film) -> bytes:
    """Make a film that begins again, one picture an epoch."""
    from PIL import Image

    frames = [
        Image.fromarray(image[..., :3]).quantize(64, dither=Image.Dither.NONE)
        for image in images(film)
    ]
    each = 1000 // PER_SECOND
    lengths = [each] * (len(frames) - 1) + [_HELD * each]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, format="gif", save_all=True, append_images=frames[1:], duration=lengths, loop=0,
        optimize=False,
    )  # fmt: skip
    return buffer.getvalue()


def mp4(film: Film) -> bytes:
    """Make a film by ffmpeg (H.264), as every browser and slide program plays it."""
    shots = list(images(film))
    shots += [shots[-1]] * (_HELD - 1)
    height, width, _ = shots[0].shape
    height, width = height - height % 2, width - width % 2  # the codec's halves
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"
        command = [
            *("ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgba"),
            *("-s", f"{width}x{height}", "-r", str(PER_SECOND), "-i", "-"),
            *("-pix_fmt", "yuv420p", "-movflags", "+faststart", str(made)),
        ]
        raw = b"".join(shot[:height, :width].tobytes() for shot in shots)
        done = subprocess.run(command, input=raw, capture_output=True, check=False)
        if done.returncode or not made.exists():
            said = cut(" ".join(done.stderr.decode(errors="replace").split()))
            raise UsageError(f"ffmpeg could not make the film: {said or 'it gave no reason'}")
        return made.read_bytes()
