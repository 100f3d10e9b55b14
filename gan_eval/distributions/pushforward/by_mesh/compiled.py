"""The compiled functions of a tanh generator, called with arrays: its values and slopes, and the
search for the noise behind a point."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh.candidates_code import write_candidates
from gan_eval.distributions.pushforward.by_mesh.network_code import (
    TOGETHER,
    write_newton,
    write_slopes,
)
from gan_eval.distributions.pushforward.by_mesh.quadratic_code import write_by_one, write_from_nodes
from gan_eval.distributions.pushforward.network import Network
from gan_eval.runtime.machine_code import callables, loaded, processor

Array = NDArray[np.floating]
Indices = NDArray[np.intp]

_LOCK = threading.Lock()
_PACKED: WeakKeyDictionary[Network, tuple[Indices, Array]] = WeakKeyDictionary()
_POINTER, _LONG = ctypes.c_void_p, ctypes.c_int64
_NETWORK = (_LONG, *[_POINTER] * 3)
_ROOM = 1 << 15
"""Candidates at a time."""
_SIGNATURES = {
    "candidates": (_POINTER, _LONG, *[_POINTER] * 3, _LONG, _LONG, *[_POINTER] * 3),
    "slopes": (_POINTER, _LONG, *_NETWORK, _POINTER),
    "newton": (_POINTER, _POINTER, _LONG, *_NETWORK, _POINTER, _POINTER),
    "by_one": (*[_POINTER] * 4, _LONG, _POINTER),
    "from_nodes": (*[_POINTER] * 4, _LONG, _POINTER),
}


def candidates(
    x: Array, boxes: Array, groups: Indices, triangles: Indices
) -> Iterator[tuple[Indices, Indices]]:
    """Find points that may lie in the images of triangles, from pairs of a group and a triangle.

    Yields, some at a time, the numbers of points of ``x`` (2, ``GROUP`` × groups) and triangles.
    """
    code, state = _machine(), np.zeros(2, np.int64)
    while state[0] < len(groups):
        points, found = np.empty((2, _ROOM), np.int64)
        code(
            *("candidates", x, x.shape[1], boxes, groups, triangles, len(groups)),
            *(_ROOM, state, points, found),
        )
        yield points[: state[1]], found[: state[1]]


def value_and_slopes(network: Network, z: Array) -> tuple[Array, Array]:
    """Compute x = G(z) (n, 2) and ∂x_j/∂z_i (n, 2, 2) of a tanh generator together.

    Examples
    --------
    >>> network = Network([([[1.0, 0.0], [1.0, 2.0]], [0.5, 0.5])])
    >>> value_and_slopes(network, np.array([[1.0, 1.0]]))
    (array([[2.5, 2.5]]), array([[[1., 0.],
            [1., 2.]]]))
    """
    code, n = _machine(), len(z)
    noise = code.columns(z)
    found = np.empty((2, 3, noise.shape[1]))
    code("slopes", noise, noise.shape[1], *code.network(network), found)
    return found[:, 0, :n].T, found[:, 1:, :n].transpose(2, 1, 0)


def determinants(slopes: Array) -> Array:
    """Compute det J (n,) of matrices (n, 2, 2)."""
    return slopes[:, 0, 0] * slopes[:, 1, 1] - slopes[:, 0, 1] * slopes[:, 1, 0]


def newton(network: Network, x: Array, z: Array, reach: Array) -> tuple[Array, Array]:
    """Search for noise with G(z) = x (n, 2), each from where ``z`` (n, 2) starts.

    It goes no farther from there than ``reach`` (n,), half of it in a step. Returns where it ends
    (n, 2), and |det J| (n,) there, below 0 where it comes to no end.
    """
    code, n = _machine(), len(z)
    wanted, ends = code.columns(x), code.columns(z)
    size = ends.shape[1]
    far = np.zeros(size)
    far[:n] = reach
    found = np.empty(size)
    code("newton", wanted, far, size, *code.network(network), ends, found)
    return ends[:, :n].T, found[:n]


def by_one(x: Array, table: Array, points: Indices, triangles: Indices) -> tuple[Indices, Array]:
    """Invert quadratic maps, each for a point of ``x`` (m, 2) and a row of the table, (n,).

    Returns the numbers of the pairs whose triangle may hold the point, (k,), and barycentric
    coordinates 1 and 2 (k, 2).
    """
    code, n = _machine(), len(points)
    pairs = [code.padded(numbers) for numbers in (points, triangles)]
    found = np.empty((3, len(pairs[0])))
    code("by_one", x, table, *pairs, len(pairs[0]), found)
    pair = np.flatnonzero(found[2, :n])
    return pair, found[:2, pair].T


def from_nodes(
    x: Array, table: Array, points: Indices, triangles: Indices
) -> tuple[Indices, Array]:
    """Invert those of triangles that may be folded, each from up to three starts.

    Returns the numbers of the pairs (m,) that may hold one, some twice or thrice, and coordinates
    (m, 2).
    """
    code, n = _machine(), len(points)
    pairs = [code.padded(numbers) for numbers in (points, triangles)]
    found = np.empty((3, 3, len(pairs[0])))
    code("from_nodes", x, table, *pairs, len(pairs[0]), found)
    start, pair = np.nonzero(found[:, 2, :n])
    return pair, found[start, :2, pair]


class _Machine:
    """The compiled functions, safe to call from several threads at once."""

    def __init__(self, engine: Any, width: int) -> None:
        self._width = width
        self._calls = callables(engine, _SIGNATURES)

    def __call__(self, name: str, *arguments: Array | Indices | int) -> None:
        """Call a function with C-contiguous arrays and whole numbers."""
        self._calls[name](
            *(each if isinstance(each, int) else _address(each) for each in arguments)
        )

    def columns(self, rows: Array) -> Array:
        """Turn rows (n, 2) into columns (2, n), up to a whole number of vectors."""
        found = np.zeros((2, self._whole(len(rows))))
        found[:, : len(rows)] = rows.T
        return found

    def padded(self, numbers: Indices) -> Indices:
        """Add zeros up to a whole number of vectors."""
        found = np.zeros(self._whole(len(numbers)), np.int64)
        found[: len(numbers)] = numbers
        return found

    def network(self, network: Network) -> tuple[int, Indices, Array, Array]:
        """Return what stands for a network, with fresh scratch."""
        sizes, weights = _packed(network)
        scratch = np.empty((2, int(sizes[-1]), 3, self._width))
        return len(network.layers), sizes, weights, scratch

    def _whole(self, n: int) -> int:
        return -(-n // self._width) * self._width


def _address(array: Array | Indices) -> int:
    assert array.flags.c_contiguous
    return array.ctypes.data


def _packed(network: Network) -> tuple[Indices, Array]:
    """The sizes of layers, (2 layers + 1,), and their weights, as machine code wants them."""
    if (packed := _PACKED.get(network)) is not None:
        return packed
    sizes, parts, inputs = [], [], 2
    for weight, bias in network.layers:
        outputs = -(-len(bias) // TOGETHER) * TOGETHER
        padded = np.zeros((1 + inputs, outputs))
        padded[0, : len(bias)] = bias
        padded[1 : 1 + len(weight), : len(bias)] = weight
        parts.append(padded.reshape(1 + inputs, -1, TOGETHER).transpose(1, 0, 2).ravel())
        sizes += [inputs, outputs]
        inputs = outputs
    _PACKED[network] = np.array([*sizes, max(sizes)], dtype=np.int64), np.concatenate(parts)
    return _PACKED[network]


def _machine() -> _Machine:
    with _LOCK:  # threads that ask at the same moment compile once
        return _compiled()


@lru_cache(maxsize=1)
def _compiled() -> _Machine:
    module, width = ir.Module("gan_eval_pushforward"), processor().width // 2
    for write in (write_candidates, write_slopes, write_newton, write_by_one, write_from_nodes):
        write(module, width)
    return _Machine(loaded(module, "curved generators"), width)
