"""One strip of a blocked matrix times many labels: the inner loop, and the memory it reuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# The rows of a strip, which one thread takes, and the columns of a block of it.
HEIGHT = 256
WIDTH = 2048
# Labels turned to floating point at once, in rows of labels.
LABEL_ROWS = 2048


class Workspace:
    """The memory that one thread needs for a strip."""

    def __init__(self, precise: Tensor, coarse: Tensor, device: str) -> None:
        import torch

        self.block = torch.empty(HEIGHT * WIDTH, dtype=torch.float64, device=device)
        self._rounded = torch.empty(HEIGHT * WIDTH, dtype=torch.float32, device=device)
        self.precise = StripProduct(precise, torch.float64)
        self.coarse = StripProduct(coarse, torch.float32)

    @staticmethod
    def view(buffer: Tensor, rows: slice, columns: slice) -> Tensor:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return buffer[: height * width].view(height, width)

    def rounded(self, block: Tensor) -> Tensor:
        """The block in float32."""
        return self._rounded[: block.numel()].view(block.shape).copy_(block)


class StripProduct:
    """a_Iᵀ Σ_J K_IJ a_J over the blocks J of a strip I, for all labels a (count, N)."""

    def __init__(self, labels: Tensor, dtype: torch.dtype) -> None:
        import torch

        count = len(labels)
        self._labels = labels
        self._products = labels.new_empty((count, HEIGHT), dtype=dtype)
        self._converted = labels.new_empty(min(count, LABEL_ROWS) * WIDTH, dtype=dtype)
        self._fresh = True
        # On AMD processors oneDNN's float32 product is twice as fast as the default, MKL's.
        self._onednn = (
            dtype == torch.float32
            and labels.device.type == "cpu"
            and torch.backends.mkldnn.is_available()
        )

    def add(self, columns: slice, block: Tensor) -> None:
        """Multiply one block (height, width) of the strip and add it up."""
        from torch.nn.functional import linear

        for some in self._some_labels():
            products = self._products[some, : len(block)]
            converted = self._convert(some, columns)
            if self._onednn:
                product = linear(converted.to_mkldnn(), block.to_mkldnn()).to_dense()
                products.copy_(product) if self._fresh else products.add_(product)
            else:
                products.addmm_(converted, block.T, beta=0 if self._fresh else 1)
        self._fresh = False

    def close(self, rows: slice) -> Tensor:
        """The sums over the strip's rows, float64, shape (count,); the next strip starts anew."""
        import torch

        self._fresh = True
        sums = self._labels.new_empty(len(self._labels), dtype=torch.float64)
        for some in self._some_labels():
            products = self._products[some, : rows.stop - rows.start]
            products.mul_(self._convert(some, rows))
            sums[some] = products.sum(1, dtype=sums.dtype)
        return sums

    def _some_labels(self) -> Iterator[slice]:
        for start in range(0, len(self._labels), LABEL_ROWS):
            yield slice(start, start + LABEL_ROWS)

    def _convert(self, some: slice, columns: slice) -> Tensor:
        labels = self._labels[some, columns]
        return self._converted[: labels.numel()].view(labels.shape).copy_(labels)


@contextmanager
def full_float32() -> Iterator[None]:
    """Hold off TF32 and bfloat16 products, which a caller may have allowed for training."""
    import torch

    precision = torch.get_float32_matmul_precision()
    if precision == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
