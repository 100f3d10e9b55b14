"""The best response: discriminators fitted to their rows until little is gained any more.

Levenberg–Marquardt on all rows at once (Nocedal & Wright 2006, §10.3) with the generalised
Gauss–Newton matrix of the log-loss (Schraudolph 2002), for a batch of networks that each have their
own rows and their own damping. A network of the chapter's form has 37 parameters: a hundred such
steps get lower than a thousand of Adam's or of L-BFGS's, in less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.exercise.network import Network, one_thread

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.floating]

ROUNDS = 100
"""Steps tried, after which a fit ends where it is."""

GAINED = 1e-6
"""A fit ends when the last ``PATIENCE`` rounds have lowered its loss by less than this, nats."""

PATIENCE = 10

_ENTRIES = 2**19  # of the Jacobians that are held at once
_DAMPING = (1e-9, 1e6)


@dataclass(frozen=True)
class Fits:
    """Fitted networks.

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
        """The best by its own loss of each ``starts`` networks that follow one another."""
        chosen = self.loss.reshape(-1, starts).argmin(axis=1)
        index = chosen + starts * np.arange(len(chosen))
        return Fits(self.parameters[index], self.loss[index], self.late[index])


def fit(network: Network, rows: Array, start: Array, *, rounds: int = ROUNDS) -> Fits:
    """Fit each network to its rows from its start; a round never raises the loss.

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

    sets, starts, size = start.shape
    columns = torch.as_tensor(np.ascontiguousarray(np.swapaxes(rows, 1, 2)))
    flat = torch.as_tensor(start.reshape(sets * starts, size))
    owner = torch.arange(sets).repeat_interleave(starts)
    step = max(1, _ENTRIES // (size * columns.shape[2]))
    with one_thread():
        parts = [
            _fit(network, columns[owner[at : at + step]], flat[at : at + step].clone(), rounds)
            for at in range(0, len(flat), step)
        ]
    return Fits(*(torch.cat(part).numpy() for part in zip(*parts, strict=True)))


def losses(logits: Array) -> Array:
    """The chapter's loss (...,) of logits (..., 2n), of which the first n are of real rows."""
    half = logits.shape[-1] // 2
    signed = np.concatenate([-logits[..., :half], logits[..., half:]], axis=-1)
    return np.logaddexp(0.0, signed).mean(axis=-1)


def _fit(network: Network, rows: Tensor, x: Tensor, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    """One chunk of networks; those that have ended leave it from time to time."""
    import torch

    count, total = rows.shape[0], rows.shape[2]
    real = torch.zeros(total, dtype=x.dtype)
    real[: total // 2] = 1
    ended = x.clone(), torch.empty(count, dtype=x.dtype), torch.zeros(count, dtype=x.dtype)
    here, identity = torch.arange(count), torch.eye(x.shape[1], dtype=x.dtype)
    logit, slopes = network.slopes(x, rows)
    loss = _loss(logit, real)
    damping = torch.full_like(loss, 1e-2)
    reference, late = loss.clone(), torch.zeros_like(loss)
    for round_ in range(1, rounds + 1):
        share = logit.sigmoid()
        gradient = torch.bmm(slopes, ((share - real) / total)[:, :, None])[:, :, 0]
        curvature = torch.bmm(
            slopes * (share * (1 - share) / total)[:, None], slopes.transpose(1, 2)
        )
        damped = curvature + damping[:, None, None] * identity
        step = -torch.cholesky_solve(gradient[:, :, None], torch.linalg.cholesky_ex(damped)[0])
        promised = -torch.bmm(gradient[:, None], step)[:, 0, 0]
        promised -= 0.5 * torch.bmm(step.transpose(1, 2), torch.bmm(curvature, step))[:, 0, 0]
        trial = x + step[:, :, 0]
        trial_logit, trial_slopes = network.slopes(trial, rows)
        trial_loss = _loss(trial_logit, real)
        better = trial_loss < loss
        kept = (loss - trial_loss) / promised
        factor = torch.where(kept > 0.75, 1 / 3, torch.where(kept > 0.25, 1.0, 2.0))
        damping = (damping * torch.where(better, factor, 4.0)).clamp(*_DAMPING)
        x = torch.where(better[:, None], trial, x)
        logit = torch.where(better[:, None], trial_logit, logit)
        slopes = torch.where(better[:, None, None], trial_slopes, slopes)
        loss = torch.where(better, trial_loss, loss)
        if round_ % PATIENCE:
            continue
        late, reference = reference - loss, loss.clone()
        ending = late < GAINED
        for whole, part in zip(ended, (x, loss, late), strict=True):
            whole[here[ending]] = part[ending]
        left = ~ending
        if not left.any():
            return ended
        here, rows, x, logit, slopes, loss, damping, reference, late = (
            part[left] for part in (here, rows, x, logit, slopes, loss, damping, reference, late)
        )
    for whole, part in zip(ended, (x, loss, late), strict=True):
        whole[here] = part
    return ended


def _loss(logit: Tensor, real: Tensor) -> Tensor:
    import torch

    return (torch.nn.functional.softplus(logit) - real * logit).mean(dim=1)
