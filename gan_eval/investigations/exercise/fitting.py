"""The best response: discriminators fitted to their rows until little is gained any more.

Levenberg–Marquardt on all rows at once (Nocedal & Wright 2006, §10.3) with the generalised
Gauss–Newton matrix of the log-loss (Schraudolph 2002), for a batch of networks that each have their
own rows and their own damping. A network of the chapter's form has 37 parameters: a hundred such
steps get lower than a thousand of Adam's or of L-BFGS's, in less time.

Rows, logits and slopes are float32, which moves a loss by about 1e-8 nats (1e-7 from 100 rows):
less than ``GAINED``. Parameters, means over rows and the linear systems are float64, and so is the
loss that is returned.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.draws import Layer

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.floating]

ROUNDS = 100
"""Steps tried, after which a fit ends where it is."""

GAINED = 1e-6
"""A fit ends when the last ``PATIENCE`` rounds have lowered its loss by less than this, nats."""

PATIENCE = 10

_ENTRIES = 2**21  # of the Jacobians that are held at once

_STRIP = 16  # rows of a Gram matrix that are computed together

_DAMPING = (1e-7, 1e6)  # the curvature's rounding is 1e-7 of its entries


@dataclass(frozen=True)
class Network:
    """A form of discriminators: the widths of its layers, from the input to the logit."""

    sizes: tuple[int, ...]

    @classmethod
    def of(cls, dimension: int, widths: Sequence[int]) -> Network:
        """Make the form d → widths → 1; without widths it is logistic regression."""
        return cls((dimension, *widths, 1))

    @property
    def layers(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer."""
        return list(itertools.pairwise(self.sizes))

    @property
    def parameters(self) -> int:
        """The number of parameters of one network."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.layers)

    @property
    def label(self) -> str:
        """``2 → 5 → 3 → 1``."""
        return " → ".join(map(str, self.sizes))

    def start(self, count: int, rng: np.random.Generator) -> Array:
        """Draw parameters (count, parameters): weights N(0, 1/inputs), biases N(0, 1).

        For rows of about unit scale. The chapter's N(0, 0.02²) is so near to a saddle, where all
        units of a layer are one, that a fit would have to find its way out of it first.
        """
        scale = [
            np.concatenate([np.full(inputs * outputs, inputs**-0.5), np.ones(outputs)])
            for inputs, outputs in self.layers
        ]
        scale[-1][-1] = 0.0
        return rng.standard_normal((count, self.parameters)) * np.concatenate(scale)

    def pack(self, layers: Sequence[Layer]) -> Array:
        """Pack weights (R, inputs, outputs) and biases (R, outputs) as (R, parameters)."""
        return np.concatenate(
            [
                part.reshape(len(part), -1)
                for weight, bias in layers
                for part in (np.swapaxes(weight, 1, 2), bias)
            ],
            axis=1,
        ).astype(np.float64)

    def logits(self, parameters: Tensor, rows: Tensor) -> Tensor:
        """Compute logits (B, N) of networks (B, parameters) at rows (B or 1, d, N)."""
        return self.layers_at(parameters, rows)[-1][:, 0]

    def layers_at(self, parameters: Tensor, rows: Tensor) -> list[Tensor]:
        """List the input, each hidden layer after its tanh, and the logits; each (B, width, N)."""
        import torch

        count = len(parameters)
        layers = [rows.expand(count, *rows.shape[-2:])]
        for weight, bias in self._unpack(parameters):
            if len(layers) > 1:
                # tanh η = 2 σ(2η) − 1, faster than torch's own.
                layers[-1].mul_(2).sigmoid_().mul_(2).sub_(1)
            layers.append(torch.baddbmm(bias, weight, layers[-1]))
        return layers

    def slopes(self, parameters: Tensor, below: list[Tensor], weight: Tensor) -> Tensor:
        """Compute derivatives of the logits by every parameter, times a weight of each row.

        ``below`` is what ``layers_at`` gives but for the logits, ``weight`` has shape (B, 1, N),
        the result (B, parameters, N).
        """
        import torch

        count, _, total = weight.shape
        found = torch.empty(count, self.parameters, total, dtype=weight.dtype)
        slope, end = weight, self.parameters
        for (matrix, _), layer in zip(self._unpack(parameters)[::-1], below[::-1], strict=True):
            outputs, inputs = matrix.shape[1:]
            middle, start = end - outputs, end - outputs - outputs * inputs
            found[:, middle:end] = slope
            torch.mul(
                slope[:, :, None],
                layer[:, None],
                out=found[:, start:middle].view(count, outputs, inputs, total),
            )
            end = start
            if start:
                slope = torch.bmm(matrix.mT, slope)
                slope.addcmul_(slope * layer, layer, value=-1)
        return found

    def _unpack(self, parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
        found, start = [], 0
        for inputs, outputs in self.layers:
            middle = start + inputs * outputs
            weight = parameters[:, start:middle].reshape(-1, outputs, inputs)
            found.append((weight, parameters[:, middle : middle + outputs, None]))
            start = middle + outputs
        return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: matrices are small, and sums come out the same on any machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Fits:
    """A batch of fitted networks.

    Attributes
    ----------
    parameters : ndarray, shape (B, parameters)
    loss : ndarray, shape (B,)
        On their own rows, in nats.
    late : ndarray, shape (B,)
        What the last ``PATIENCE`` rounds still took off the loss, in nats.
    """

    parameters: Array
    loss: Array
    late: Array

    def best(self, starts: int) -> Fits:
        """Take the best by its own loss of each ``starts`` networks that follow one another."""
        chosen = self.loss.reshape(-1, starts).argmin(axis=1)
        index = chosen + starts * np.arange(len(chosen))
        return Fits(self.parameters[index], self.loss[index], self.late[index])


def fit(network: Network, rows: Array, start: Array, *, rounds: int = ROUNDS) -> Fits:
    """Fit each network to its rows from its start; a round never raises the loss but by rounding.

    Parameters
    ----------
    network : Network
    rows : ndarray of float64, shape (G, 2n, d)
        G sets of rows, the first n of each real and the last n generated, of about unit scale.
    start : ndarray of float64, shape (G, S, parameters)
        S starts for each set.
    rounds : int
        See ``ROUNDS``.

    Returns
    -------
    Fits
        Of G · S networks, the starts of one set after another.

    Notes
    -----
    The loss is the chapter's, ½ [mean ln(1 + e^−η) over the real rows + mean ln(1 + e^η) over the
    generated], η the logit. It is not convex in the parameters, and where the rows can be
    separated its infimum, 0, is not attained: what is reached bounds the least loss of the class on
    these rows from above.
    """
    import torch

    starts, size = start.shape[1:]
    columns = torch.as_tensor(np.ascontiguousarray(np.swapaxes(rows, 1, 2)))
    problem = _Problem(network, columns.float(), starts)
    with one_thread():
        x, late = _minimise(problem, torch.as_tensor(start.reshape(-1, size)), rounds)
        loss = [
            losses(network.logits(some, own[None]).numpy())
            for some, own in zip(x.split(starts), columns, strict=True)
        ]
    return Fits(x.numpy(), np.concatenate(loss), late.numpy())


def losses(logits: Array) -> Array:
    """Compute the chapter's loss (...,) of logits (..., 2n), the first n of them of real rows."""
    half = logits.shape[-1] // 2
    signed = np.concatenate([-logits[..., :half], logits[..., half:]], axis=-1)
    return np.logaddexp(0.0, signed).mean(axis=-1)


def _minimise(problem: _Problem, start: Tensor, rounds: int) -> tuple[Tensor, Tensor]:
    """Parameters (B, P) and late gains (B,); networks that have ended leave the batch."""
    import torch

    ended, ended_late = start.clone(), start.new_zeros(len(start))
    here, x = torch.arange(len(start)), start
    loss, gradient, curvature = problem.improved(here, x, torch.full_like(ended_late, torch.inf))
    damping, reference = torch.full_like(loss, 1e-2), loss
    identity = torch.eye(x.shape[1], dtype=x.dtype)
    for round_ in range(1, rounds + 1):
        damped = curvature + damping[:, None, None] * identity
        step = -torch.cholesky_solve(gradient[:, :, None], torch.linalg.cholesky_ex(damped)[0])
        promised = -torch.bmm(gradient[:, None], step)[:, 0, 0]
        promised -= 0.5 * torch.bmm(step.mT, torch.bmm(curvature, step))[:, 0, 0]
        trial = x + step[:, :, 0]
        trial_loss, *slopes = problem.improved(here, trial, loss)
        better = trial_loss < loss
        kept = (loss - trial_loss) / promised
        factor = torch.where(kept > 0.75, 1 / 3, torch.where(kept > 0.25, 1.0, 2.0))
        damping = (damping * torch.where(better, factor, 4.0)).clamp(*_DAMPING)
        x = torch.where(better[:, None], trial, x)
        loss = torch.where(better, trial_loss, loss)
        gradient[better], curvature[better] = slopes
        if round_ % PATIENCE and round_ < rounds:
            continue
        late, reference = reference - loss, loss
        ended[here], ended_late[here] = x, late
        left = late >= GAINED
        if not left.any():
            break
        here, x, loss, gradient, curvature, damping, reference = (
            part[left] for part in (here, x, loss, gradient, curvature, damping, reference)
        )
    return ended, ended_late


class _Problem:
    """G sets of rows (G, d, 2n), float32, to each of which S networks in a row are fitted."""

    def __init__(self, network: Network, columns: Tensor, starts: int) -> None:
        self.network, self.columns, self.starts = network, columns, starts
        self.rows = columns.shape[2]
        self.at_once = max(1, _ENTRIES // (network.parameters * self.rows))

    def improved(self, which: Tensor, x: Tensor, below: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Losses (B,) of the networks ``which`` at x (B, P), and the slopes of those below.

        These are gradients (b, P) and Gauss–Newton matrices (b, P, P) of the b networks whose loss
        is less than ``below`` (B,). All are float64.
        """
        import torch

        size = x.shape[1]
        losses, gradients, curvatures = [], [x.new_empty(0, size)], [x.new_empty(0, size, size)]
        parts = (part.split(self.at_once) for part in (which // self.starts, x.float(), below))
        for owner, parameters, bound in zip(*parts, strict=True):
            layers = self.network.layers_at(parameters, self.columns[owner])
            layers[-1][:, :, : self.rows // 2].neg_()
            loss = torch.nn.functional.softplus(layers[-1]).mean(dim=(1, 2), dtype=x.dtype)
            losses.append(loss)
            better = loss < bound
            if not better.all():
                parameters, layers = parameters[better], [layer[better] for layer in layers]
            if len(parameters):
                gradient, curvature = self._slopes(parameters, layers)
                gradients.append(gradient)
                curvatures.append(curvature)
        return torch.cat(losses), torch.cat(gradients), torch.cat(curvatures)

    def _slopes(self, parameters: Tensor, layers: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Gradients and Gauss–Newton matrices; the last layer has −η at real rows, η at others.

        The Jacobian J of the logits is taken times √w, w = σ(η)σ(−η)/2n, so that JᵀJ is the matrix.
        The residual σ(η) − y over 2n √w is ∓e^(∓η/2)/√2n.
        """
        import torch

        signed = layers[-1]
        weight = (signed.sigmoid() * (-signed).sigmoid() / self.rows).sqrt_()
        residual = (signed / 2).exp_() / self.rows**0.5
        residual[:, :, : self.rows // 2].neg_()
        count, parameter_count = parameters.shape
        gradient = torch.zeros(count, parameter_count, dtype=torch.float64)
        curvature = torch.zeros(count, parameter_count, parameter_count, dtype=torch.float64)
        size = max(1, _ENTRIES // parameters.numel())
        for at in range(0, self.rows, size):
            some = slice(at, at + size)
            below = [layer[:, :, some] for layer in layers[:-1]]
            jacobian = self.network.slopes(parameters, below, weight[:, :, some])
            gradient += torch.bmm(jacobian, residual[:, :, some].mT)[:, :, 0]
            curvature += _gram(jacobian)
        return gradient, curvature


def _gram(a: Tensor) -> Tensor:
    """a aᵀ (B, P, P) of a (B, P, N), strip by strip, of which each is computed up to its diagonal:
    half of the products, as BLAS's syrk, which torch has for no batch."""
    found = a.new_empty(len(a), a.shape[1], a.shape[1])
    for start in range(0, a.shape[1], _STRIP):
        end = min(start + _STRIP, a.shape[1])
        strip = a[:, start:end] @ a[:, :end].mT
        found[:, start:end, :end] = strip
        found[:, :start, start:end] = strip[:, :, :start].mT
    return found
