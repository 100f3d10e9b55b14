"""The picture of a certificate: power against the distance from the truth."""

from __future__ import annotations

import pandas as pd

from gan_eval.investigations.certify.alternatives import PATHS
from gan_eval.investigations.certify.power import OPTIMUM
from gan_eval.investigations.certify.result import Certificate
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import number, percent, plural

_COLOURS = ("loss-d", "loss-g", "learned", "real")
_DASHES = ("-", "--", "-.", ":")


def power(certificate: Certificate, path: str) -> Picture:
    """Draw the power curves along a path, of the first four tests beside the best possible."""
    identity = f"fig-power-{path.replace('_', '-')}"
    curves = [
        (words, curve)
        for name, words in [
            (OPTIMUM, "best possible"),
            *((name, test.words) for name, test in list(certificate.tests.items())[:4]),
        ]
        if (curve := certificate.curve(name, path)) is not None
    ]
    with canvas(height=3.4) as (figure, axes):
        for position, (words, curve) in enumerate(curves):
            best = curve.test == OPTIMUM
            axes.plot(
                curve.kl,
                curve.power,
                label=words,
                color=COLOURS["ink" if best else _COLOURS[position - 1]],
                linestyle="-" if best else _DASHES[position - 1],
                marker="." if best else None,
            )
        axes.axhline(0.8, color=COLOURS["muted"], linewidth=0.8)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("KL(q‖p), nats")
        axes.set_ylabel("power")
        plain_log_axis(axes, "x")
        legend_above(axes, columns=1)
        words = PATHS[path].words
        rest = len(certificate.tests) - 4
        hidden = f" {plural(rest, 'more test')} not drawn." if rest > 0 else ""
        return picture(
            figure,
            identity,
            title=f"Power: {words}",
            description="; ".join(
                f"{name}: {percent(float(curve.power[0]))} at {number(curve.kl[0], 2)} nats, "
                f"{percent(float(curve.power[-1]))} at {number(curve.kl[-1], 2)}"
                for name, curve in curves
            ),
            caption=f"Power against KL(q‖p): {words}. The line marks 80 %.{hidden}",
            data=pd.concat(
                [
                    pd.DataFrame({"test": name, "kl": curve.kl, "power": curve.power})
                    for name, curve in curves
                ]
            ),
        )
