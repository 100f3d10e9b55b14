"""The result of ``dynamics``: visibility and spectrum of a configuration, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_eval.investigations.dynamics.scores import PrincipalAxes
from gan_eval.investigations.dynamics.spectrum import Spectrum
from gan_eval.investigations.dynamics.visibility import Visibility
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.training.config import TrainingConfig

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from gan_eval.investigations.dynamics.trace import Trace


@dataclass(frozen=True, eq=False)
class Dynamics(Displayed):
    """A record of what theory says of a configuration at the equilibrium (:func:`dynamics`).

    Attributes
    ----------
    config : TrainingConfig
    axes : PrincipalAxes
        The target's; the directions of error are named by them.
    features : int
        The last features of the discriminator.
    visibility : Visibility
        Of discriminators at their start.
    spectrum : Spectrum or None
        Of plain gradient steps, with the discriminator of seed 0 at its start; None where there is
        no equilibrium, or too many features.
    lacking : str
        Why there is no spectrum, a sentence; empty where there is one.
    trace : Trace or None
        What was measured, where it was asked for.
    """

    config: TrainingConfig
    axes: PrincipalAxes
    features: int
    visibility: Visibility
    spectrum: Spectrum | None
    lacking: str
    trace: Trace | None

    def __repr__(self) -> str:
        from gan_eval.investigations.dynamics import words  # as below: with what they alone need

        return few_lines(words.headline(self), *words.answer(self))

    @property
    def bound(self) -> float:
        """The least E KL(q‖p), in nats, that the flat phase leaves; inf where there is none."""
        return self.visibility.bound(self.config.n_examples)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per direction of error: what share of it is seen, and the sorted ρ²."""
        import pandas as pd

        return pd.DataFrame(
            {
                "direction": self.axes.directions,
                "seen": self.visibility.directions,
                "squared_correlation": self.visibility.median,
            }
        )

    def modes(self) -> pd.DataFrame:
        """Return one row per mode of the flow: eigenvalue, how often, and which errors it moves.

        Per row and in units of the rates; empty where there is no spectrum.
        """
        import pandas as pd

        from gan_eval.investigations.dynamics.words import moved

        found = self.spectrum.modes if self.spectrum else ()
        return pd.DataFrame(
            {
                "mode": [moved(self, mode) for mode in found],
                "multiplicity": [mode.multiplicity for mode in found],
                "real": [mode.eigenvalue.real for mode in found],
                "imaginary": [mode.eigenvalue.imag for mode in found],
            }
        )

    def plot(self) -> Figure:
        """Draw the vector field and the spectrum, as the page does."""
        from gan_eval.investigations.dynamics.page import plot

        return plot(self)

    def save(self, path: str | Path) -> None:
        """Write one HTML page with tables and pictures, which fetches nothing.

        Raises ``UsageError`` where it cannot be written.
        """
        from gan_eval.investigations.dynamics.page import render
        from gan_eval.runtime.files import write_text

        write_text(path, render(self))

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; NaN and infinities are None."""
        from gan_eval.investigations.dynamics import words
        from gan_eval.runtime.documents import json_ready

        spectrum = self.spectrum
        return json_ready(
            {
                "config": self.config.model_dump(mode="json"),
                "headline": words.headline(self),
                "answer": words.answer(self),
                "visibility": {
                    "discriminators": len(self.visibility.correlations),
                    "squared_correlations": self.visibility.median.tolist(),
                    "invisible": self.visibility.invisible,
                    "bound": self.bound,
                    "directions": self.to_frame()[["direction", "seen"]].to_dict("records"),
                },
                "spectrum": spectrum
                and {
                    "modes": self.modes().to_dict("records"),
                    "maps": spectrum.maps.to_dict("records"),
                    "critical_gamma": spectrum.critical_gamma,
                },
                "trace": self.trace and self.trace.document(),
            }
        )
