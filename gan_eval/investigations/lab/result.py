"""The result of a lab: a summary of every place, and what the page draws of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.investigations.lab.controls import Control
from gan_eval.investigations.lab.settings import Settings
from gan_eval.runtime.documents import json_ready, read_json
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import write_text

Array = NDArray[np.floating]

RANKS = (0.05, 0.5, 0.95)
"""The ranks of the final KL of the good, the typical and the bad training."""

COLUMNS = (
    *("replicates", "converged", "near", "failed", "diverged", "converged_share"),
    *("converged_share_low", "converged_share_high", "kl", "kl_low", "kl_high"),
    *("worth_kl", "worth_kl_low", "worth_kl_high"),
)
"""The columns of ``summarise`` that are kept."""

_FORM = "gan_eval lab 1"


@dataclass(frozen=True, eq=False)
class Traces:
    """A set of arrays of P places, or of one without the leading axis; NaN and ∞ as they are.

    Attributes
    ----------
    kl : ndarray, shape (P, E, 3)
        KL(q‖p) in nats at the kept epochs: 5 % quantile, median, 95 % quantile over trainings.
    losses : ndarray, shape (P, E, 2)
        Medians of D's and G's losses, nats per example; NaN at epoch 0.
    laws : ndarray, shape (P, 3, F, 5)
        Of the good, the typical and the bad training: two means and three entries of the
        covariance, at the epochs at which they are kept.
    chosen : ndarray of int, shape (P, 3)
        Their seeds.
    final : ndarray, shape (P, R)
        KL of every training at the end, rising; ∞ where it diverged.
    """

    kl: Array
    losses: Array
    laws: Array
    chosen: NDArray[np.int64]
    final: Array

    @staticmethod
    def stack(parts: Sequence[Traces]) -> Traces:
        """Put places side by side."""
        return Traces(**{n: np.stack([vars(part)[n] for part in parts]) for n in vars(parts[0])})

    @staticmethod
    def join(parts: Sequence[Traces]) -> Traces:
        """Put sets of places one after another."""
        return Traces(
            **{n: np.concatenate([vars(part)[n] for part in parts]) for n in vars(parts[0])}
        )

    def take(self, places: NDArray[np.integer]) -> Traces:
        """Take some places, in an order."""
        return Traces(**{name: values[places] for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Lab:
    """A grid of configurations, trained and judged.

    Attributes
    ----------
    settings : Settings
    cells : DataFrame
        One row of ``gan_eval.summarise`` per place.
    traces : Traces
    provenance : dict
        What was typed, when, where, how long it took.
    """

    settings: Settings
    cells: pd.DataFrame
    traces: Traces
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        if len(self.cells) != self.settings.places:
            raise UsageError(
                f"a lab of these settings has {self.settings.places} places, got {len(self.cells)}"
            )

    def __repr__(self) -> str:
        from gan_eval.investigations.lab import words  # as below: with what they alone need

        return words.sentence(self)

    def worth(self, place: int) -> float:
        """The worth in real rows of the typical training of a place."""
        return float(self.cells["worth_kl"].iloc[place])

    @property
    def best(self) -> int:
        """The place whose typical training is worth most."""
        return int(self.cells["worth_kl"].to_numpy().argmax())

    @property
    def forms(self) -> list[str]:
        """The discriminators, by their words."""
        return [choice.words for choice in self._form.choices]

    def best_of(self, forms: Sequence[str]) -> int:
        """Find the place that is worth most among those of some discriminators."""
        at = self.settings.controls.index(self._form)
        shape, kept = self.settings.shape, np.isin(self.forms, forms)
        chosen = np.unravel_index(np.arange(self.settings.places), shape)[at]
        return int(np.where(kept[chosen], self.cells["worth_kl"], -np.inf).argmax())

    @property
    def _form(self) -> Control:
        return next(control for control in self.settings.controls if control.name == "form")

    def document(self) -> dict[str, Any]:
        """Give all of it, ready for JSON: nine digits, and ``"inf"`` for what is infinite."""
        from gan_eval.investigations.lab import words

        cells = {name: self.cells[name].tolist() for name in COLUMNS}
        traces = {name: values.tolist() for name, values in vars(self.traces).items()}
        return {
            "form": _FORM,
            "answer": words.sentence(self),
            "settings": self.settings.document(),
            "provenance": json_ready(self.provenance),
            "cells": _short(cells),
            "traces": _short(traces),
        }

    @classmethod
    def load(cls, path: str | Path) -> Lab:
        """Read a document from a file; ``UsageError`` where it is none of a lab."""
        return cls.from_document(read_json(path))

    @classmethod
    def from_document(cls, found: Any) -> Lab:
        """Read a document; ``UsageError`` where it is none of a lab."""
        if not isinstance(found, Mapping) or found.get("form") != _FORM:
            raise UsageError("the file is not of a lab: `gan-eval lab --json` writes one")
        settings = Settings.from_document(found.get("settings", {}))
        try:
            cells = pd.DataFrame(_long({name: found["cells"][name] for name in COLUMNS}))
            traces = Traces(
                **{n: np.array(_long(found["traces"][n])) for n in Traces.__dataclass_fields__}
            )
            _require_shapes(settings, cells, traces)
        except (KeyError, TypeError, ValueError):
            raise UsageError("the file of the lab is damaged: its numbers do not fit") from None
        return cls(settings, cells, traces, dict(found.get("provenance") or {}))

    def save(self, path: str | Path, command: str = "") -> None:
        """Write the page; ``UsageError`` where it cannot be written."""
        from gan_eval.investigations.lab.page import render

        write_text(path, render(self, command))


def _require_shapes(settings: Settings, cells: pd.DataFrame, traces: Traces) -> None:
    places, curve, laws = settings.places, len(settings.curve_epochs), len(settings.law_epochs)
    shapes = {
        "kl": (places, curve, len(RANKS)),
        "losses": (places, curve, 2),
        "laws": (places, len(RANKS), laws, 5),
        "chosen": (places, len(RANKS)),
        "final": (places, settings.replicates),
    }
    if len(cells) != places or any(vars(traces)[n].shape != shape for n, shape in shapes.items()):
        raise ValueError("arrays of other settings")


def _short(value: Any) -> Any:
    """Nine digits of every number; what is not finite by its name."""
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_short(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.9g}") if np.isfinite(value) else str(value)
    return value


def _long(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _long(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_long(inner) for inner in value]
    return float(value) if isinstance(value, str) else value
