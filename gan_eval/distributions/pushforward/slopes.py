"""What a tanh generator makes of points of noise, and how fast it changes there."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.network import Network

LOGGER = logging.getLogger(__name__)

Array = NDArray[np.floating]
Indices = NDArray[np.int64]

_BLOCK = 2048
_LOCK = threading.Lock()
_PACKED: WeakKeyDictionary[Network, tuple[Indices, Array]] = WeakKeyDictionary()


def value_and_slopes(network: Network, z: Array) -> tuple[Array, Array]:
    """Compute x = G(z) (n, 2) and ∂x_j/∂z_i (n, 2, 2) of a tanh generator together.

    Examples
    --------
    >>> network = Network([([[1.0, 0.0], [1.0, 2.0]], [0.5, 0.5])])
    >>> value_and_slopes(network, np.array([[1.0, 1.0]]))
    (array([[2.5, 2.5]]), array([[[1., 0.],
            [1., 2.]]]))
    """
    code = _compiled()
    found = _by_blocks(network, z) if code is None else code(network, z)
    return found[:, 0].T, found[:, 1:].transpose(2, 1, 0)


def determinants(slopes: Array) -> Array:
    """Compute det J (n,) of matrices (n, 2, 2)."""
    return slopes[:, 0, 0] * slopes[:, 1, 1] - slopes[:, 0, 1] * slopes[:, 1, 0]


def _by_blocks(network: Network, z: Array) -> Array:
    """The values and their derivatives by both coordinates, (2, 3, n), by NumPy."""
    found = np.empty((2, 3, len(z)))
    for start in range(0, len(z), _BLOCK):
        part = z[start : start + _BLOCK].T
        m = part.shape[1]
        both = np.empty((2, 3, m))
        both[:, 0] = part
        both[0, 1] = both[1, 2] = 1.0
        both[1, 1] = both[0, 2] = 0.0
        for weight, bias in network.layers[:-1]:
            both = (weight.T @ both.reshape(len(weight), -1)).reshape(-1, 3, m)
            activated = np.tanh(both[:, 0] + bias[:, None])
            both[:, 0] = activated
            both[:, 1:] *= (1 - activated**2)[:, None]
        weight, bias = network.layers[-1]
        both = (weight.T @ both.reshape(len(weight), -1)).reshape(2, 3, m)
        both[:, 0] += bias[:, None]
        found[:, :, start : start + m] = both
    return found


class _Compiled:
    """The same by machine code, safe to call from several threads at once."""

    def __init__(self, engine: Any, width: int) -> None:
        self._engine = engine  # frees the machine code when it goes
        self._width = width
        pointer, long = ctypes.c_void_p, ctypes.c_int64
        kinds = (pointer, long, long, *[pointer] * 5)
        address = engine.get_function_address("slopes")
        self._call: Callable[..., None] = ctypes.CFUNCTYPE(None, *kinds)(address)

    def __call__(self, network: Network, z: Array) -> Array:
        n = len(z)
        size = -(-n // self._width) * self._width
        found = np.empty((2, 3, size))
        if not n:
            return found
        noise = np.zeros((2, size))
        noise[:, :n] = z.T
        sizes, weights = _packed(network)
        scratch = np.empty((2, int(sizes.max()), 3, self._width))
        self._call(
            noise.ctypes.data,
            size,
            len(sizes),
            sizes.ctypes.data,
            weights.ctypes.data,
            scratch[0].ctypes.data,
            scratch[1].ctypes.data,
            found.ctypes.data,
        )
        return found[:, :, :n]


def _packed(network: Network) -> tuple[Indices, Array]:
    """The sizes of layers (layers, 2), and their weights, as machine code wants them."""
    from gan_eval.distributions.pushforward.slopes_code import TOGETHER

    if (kept := _PACKED.get(network)) is not None:
        return kept
    sizes, parts, inputs = [], [], 2
    for weight, bias in network.layers:
        outputs = -(-len(bias) // TOGETHER) * TOGETHER
        padded = np.zeros((1 + inputs, outputs))
        padded[0, : len(bias)] = bias
        padded[1 : 1 + len(weight), : len(bias)] = weight
        parts.append(padded.reshape(1 + inputs, -1, TOGETHER).transpose(1, 0, 2).ravel())
        sizes.append((inputs, outputs))
        inputs = outputs
    _PACKED[network] = np.array(sizes, dtype=np.int64), np.concatenate(parts)
    return _PACKED[network]


def _compiled() -> _Compiled | None:
    with _LOCK:  # threads that ask at the same moment compile once
        return _code()


@lru_cache(maxsize=1)
def _code() -> _Compiled | None:
    """Compile, once; None where that cannot be had."""
    try:
        from llvmlite import ir

        from gan_eval.distributions.pushforward.slopes_code import write_slopes
        from gan_eval.runtime.machine_code import loaded, processor

        module, width = ir.Module("gan_eval_slopes"), processor().width // 2
        write_slopes(module, width)
        return _Compiled(loaded(module, "curved generators"), width)
    except (ImportError, OSError, RuntimeError) as error:
        LOGGER.warning("curved generators are computed without compiled code, slowly: %s", error)
        return None
