"""Input of the two-sample tests: what is accepted, and the one sentence for what is not."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.errors import UsageError

Array = NDArray[np.float64]

# Squared distances of larger values would overflow float64.
LARGEST_VALUE = 1e150


def two_samples(x: Any, y: Any) -> tuple[Array, Array]:
    """x of shape (n, d) and y of shape (m, d) as float64 arrays.

    NumPy arrays, nested sequences, torch tensors (on any device) and pandas DataFrames or Series
    are read; one-dimensional input means d = 1. Raises ``UsageError`` for input that is not
    numeric, holds NaN or infinities, has fewer than 2 rows, or differs in its columns.
    """
    names_x, names_y = _column_names(x), _column_names(y)
    if names_x is not None and names_y is not None and names_x != names_y:
        raise UsageError(
            f"x and y must have the same columns in the same order, got {names_x} and {names_y}"
        )
    first, second = sample(x, "x"), sample(y, "y")
    if first.shape[1] != second.shape[1]:
        raise UsageError(
            f"x and y must have the same number of columns, "
            f"got {first.shape[1]} and {second.shape[1]}"
        )
    return first, second


def sample(values: Any, name: str) -> Array:
    """One sample of shape (n, d) as a C-contiguous float64 array; see :func:`two_samples`."""
    array = _numeric(values, name)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise UsageError(
            f"{name} must be a table of shape (rows, columns) or one column of values, "
            f"got shape {np.shape(array)}"
        )
    if array.shape[0] < 2:
        raise UsageError(f"{name} must have at least 2 rows, got {array.shape[0]}")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise UsageError(
            f"{name} must hold finite numbers, got {array[row, column]} "
            f"in row {row}, column {column}"
        )
    if np.abs(array).max() > LARGEST_VALUE:
        raise UsageError(
            f"{name} must hold values of at most {LARGEST_VALUE:g} in size, "
            f"got {np.abs(array).max():g}"
        )
    return array


def permutation_count(permutations: Any) -> int:
    """A whole number of permutations, at least 1."""
    if not isinstance(permutations, numbers.Integral) or isinstance(permutations, bool):
        raise UsageError(f"permutations must be a whole number, got {permutations!r}")
    if permutations < 1:
        raise UsageError(f"permutations must be at least 1, got {permutations}")
    return int(permutations)


def random_generator(rng: Any) -> np.random.Generator:
    """A Generator from None (fresh entropy), a seed, or a Generator (used, and advanced)."""
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    if not isinstance(rng, numbers.Integral) or isinstance(rng, bool) or rng < 0:
        raise UsageError(
            f"rng must be None, a seed of at least 0 or a numpy.random.Generator, got {rng!r}"
        )
    return np.random.default_rng(int(rng))


def positive_number(value: Any, name: str) -> float:
    """A finite number above 0."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise UsageError(f"{name} must be a number above 0, got {value!r}")
    if not 0 < float(value) < float("inf"):
        raise UsageError(f"{name} must be a finite number above 0, got {value}")
    return float(value)


def one_of(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """``value`` if it is one of ``choices``."""
    if value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value


def torch_device(device: Any) -> str:
    """The name of a torch device that can be used on this machine."""
    import torch

    try:
        torch.empty(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):
        available = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise UsageError(
            f"device must be one that torch can use here ({available}), got {device!r}"
        ) from None
    return str(device)


def _column_names(values: Any) -> list[str] | None:
    columns = getattr(values, "columns", None)
    return None if columns is None else [str(column) for column in columns]


def _numeric(values: Any, name: str) -> Array:
    if _module(values) == "torch":
        values = values.detach().to("cpu")
        # NumPy has no bfloat16; float64 holds every real torch type.
        values = values.numpy() if values.is_complex() else values.double().numpy()
    elif _module(values) == "pandas":
        values = _pandas_values(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise UsageError(f"{name} must be a table, got rows of unequal length") from None
    if array.dtype.kind not in "buif":
        raise UsageError(f"{name} must hold real numbers, got values of type {array.dtype}")
    # Not ascontiguousarray, which makes a row of a single number.
    return np.asarray(array, dtype=np.float64, order="C")


def _pandas_values(values: Any, name: str) -> Array:
    """DataFrame or Series to float64, missing values as NaN, other columns named in the error."""
    frame = values.to_frame() if values.ndim == 1 else values
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if getattr(dtype, "kind", "O") not in "buif":
            raise UsageError(
                f"{name} must hold real numbers, got column {str(column)!r} of type {dtype}"
            )
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def _module(values: Any) -> str:
    return type(values).__module__.partition(".")[0]
