"""Pictures of an exercise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from gan_eval.investigations.exercise.fitting import ROUNDS
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import FRESH, LEARNED, LN2, TRAINING
from gan_eval.investigations.exercise.result import HALF, PARTS, TOLD_APART, Exercise, Share
from gan_eval.investigations.exercise.settings import label
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import count, number, percent, plural
from gan_eval.pages.picture import Picture

_STYLES = (
    ("loss-d", "-", "o"),
    ("loss-g", "--", "s"),
    ("learned", "-.", "^"),
    ("real", ":", "D"),
    ("failed", (0, (6, 1)), "v"),
    ("converged", (0, (1, 1)), "P"),
    ("near", (0, (4, 1, 1, 1)), "X"),
)
_WIN_STYLES = (("learned", "-", "o"), *(style for style in _STYLES if style[0] != "learned"))
_CUT = 1.5 * LN2
"""Nats above which losses are not drawn: what matters is the side of ln 2."""

_DASHED = (0, (4, 3))


def told_apart(found: Exercise) -> Picture:
    """Draw the share of generators that each test tells from the truth, against n."""
    rows = found.settings.test_rows
    names = {name: (test.short, test.title) for name, test in TESTS.items()}
    names[OPTIMUM] = ("best possible test", "best possible test")
    styles = [*_STYLES, ("ink", "-", "x")]
    with canvas(4.0) as (figure, axes):
        drawn = [
            _line(axes, rows, [found.told_apart(name, n) for n in rows], short, style)
            for (name, (short, _)), style in zip(names.items(), styles, strict=True)
        ]
        _mark(axes, TOLD_APART)
        _mark(axes, found.settings.alpha)
        axes.set(ylim=(-0.02, 1.02), xlabel="n, rows", ylabel="share of generators told apart")
        plain_log_axis(axes, "x")
        legend_above(axes, columns=2)
        return picture(
            figure,
            "fig-told-apart",
            title="Share of generators that each test tells from the truth, by rows",
            description="; ".join(
                f"{title}: {percent(found.told_apart(name, rows[-1]).value)} from "
                f"{count(rows[-1])} rows"
                for name, (_, title) in names.items()
            )
            + ".",
            caption="MMD and energy are whitened by the target. Bars are 95 % intervals. The "
            f"dashed lines are {percent(TOLD_APART)}, from where a test counts as telling them "
            f"apart, and the level, {percent(found.settings.alpha)}.",
            data=pd.concat(drawn).rename(columns={"line": "test", "value": "told_apart"}),
        )


def losses(found: Exercise, kind: str) -> Picture:
    """Draw the best response's loss, seen and fresh, against n, for learned generators or p = q."""
    learned = kind == LEARNED
    levels: dict[str, tuple[float, Any]] = {"a coin, ln 2": (LN2, "-")}
    if learned:
        floor = float(np.median(found.fits(found.settings.fit_rows[0])["floor"]))
        levels["best possible, ln 2 − JSD"] = (floor, _DASHED)
    with canvas(3.6) as (figure, axes):
        described, drawn = [], []
        styles = iter(_STYLES)
        for source in (FRESH, TRAINING) if learned else (FRESH,):
            rows = _rows(found, kind, source)
            whose = f", fitted to {source} rows" if learned else ""
            for column, words in (
                ("loss_in_sample", f"on rows it saw{whose}"),
                ("loss_population", f"on new rows{whose}"),
            ):
                cases = [found.fits(n, kind=kind, source=source) for n in rows]
                medians = [found.median(case, column) for case in cases]
                drawn.append(_line(axes, rows, medians, words, next(styles)))
                described.append(
                    f"{words}, {number(medians[0].value)} at n = {count(rows[0])} and "
                    f"{number(medians[-1].value)} at n = {count(rows[-1])}"
                )
        for words, (nats, dashes) in levels.items():
            axes.axhline(nats, color=COLOURS["ink"], linewidth=1.2, linestyle=dashes, label=words)
            drawn.append(pd.DataFrame({"line": [words], "value": nats}))
        plain_log_axis(axes, "x")
        axes.set(xlabel="n, real rows (and as many generated)", ylabel="loss, nats")
        low, high = axes.get_ylim()
        axes.set_ylim(low, min(high, _CUT))
        legend_above(axes, columns=1 if learned else 2)
        subject = "learned generators" if learned else "the perfect generator, p = q"
        return picture(
            figure,
            f"fig-loss-{kind}",
            title=f"Loss of the best response to {subject}, by rows",
            description=f"Medians: {'; '.join(described)}.",
            caption=f"Medians over generators with 95 % intervals, {subject}: the discriminator of "
            f"the configuration's form, fitted in up to {count(ROUNDS)} steps."
            + (f" Above {number(_CUT)} nats the axis is cut." if high > _CUT else ""),
            data=pd.concat(drawn).rename(columns={"line": "loss", "value": "nats"}),
        )


def wins(found: Exercise) -> Picture:
    """Draw the share of generators that win, against n, by the width of the discriminator.

    The configuration's own form has a band; the axis says on which side of one half who wins.
    """
    rows = found.settings.fit_rows
    forms = [label(form) for form in found.settings.widths[: len(_STYLES)]]
    shares = {form: [found.wins(n, widths=form) for n in rows] for form in forms}
    met = len(found.fits(found.settings.config.n_examples))
    with canvas(3.9) as (figure, axes):
        drawn = []
        for form, style in zip(forms, _WIN_STYLES, strict=False):
            named = f"discriminator {form}" if form != "none" else "discriminator without layers"
            if form == forms[0]:
                low, high = (
                    [getattr(share, end) for share in shares[form]] for end in ("low", "high")
                )
                axes.fill_between(
                    rows, low, high, color=COLOURS[style[0]], alpha=0.18,
                    label="95 % interval", linewidth=0,
                )  # fmt: skip
            line = _line(
                axes, rows, shares[form], named, style, bars=form != forms[0] or len(rows) < 2
            )
            drawn.append(line.assign(line=form))
        _mark(axes, HALF)
        axes.set(ylim=(-0.02, 1.02), xlabel="n, real rows (and as many generated)")
        axes.set_ylabel("share of generators that win")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol="\u202f%"))
        plain_log_axis(axes, "x")
        for offset, words in ((1, "the generator wins"), (-1, "the discriminator wins")):
            axes.annotate(
                words, (0.01, HALF), xycoords=axes.get_yaxis_transform(), xytext=(0, 3 * offset),
                textcoords="offset points", va="bottom" if offset > 0 else "top",
                color=COLOURS["muted"], fontsize=8.5,
            )  # fmt: skip
        legend_above(axes, columns=2)
        left = len(found.settings.widths) - len(forms)
        return picture(
            figure,
            "fig-wins",
            title="Share of generators that win, by rows and width",
            description="; ".join(
                f"hidden widths {form}: "
                + ", ".join(
                    f"{percent(share.value)} at n = {count(n)}"
                    for n, share in zip(rows, shares[form], strict=True)
                )
                for form in forms
            )
            + ".",
            caption=f"Of {plural(met, 'generator')}, those against which the "
            "best discriminator that n rows give does no better than a coin on new rows; band and "
            "bars are 95 % intervals." + (f" {left} more widths are in the table." if left else ""),
            data=pd.concat(drawn).rename(columns={"line": "widths", "value": "generator_wins"}),
        )


def parts(found: Exercise) -> Picture:
    """Draw each part's share of the distance from equilibrium."""
    shares = found.decomposition.shares()
    drawn = [(name, *(100 * value for value in shares[name])) for name in PARTS]
    with canvas(2.4) as (figure, axes):
        for y, (name, share, low, high) in enumerate(drawn):
            colour = COLOURS["real" if name == "seen" else "learned"]
            axes.barh(y, share, height=0.55, color=colour, alpha=0.75)
            axes.plot([low, high], [y, y], color=COLOURS["ink"], linewidth=1.6)
        axes.axvline(0, color=COLOURS["ink"], linewidth=1)
        axes.set_yticks(range(len(PARTS)), [name.replace("_", " ") for name in PARTS])
        axes.invert_yaxis()
        axes.set_xlabel("% of the mean JSD")
        return picture(
            figure,
            "fig-parts",
            title="Where the distance from equilibrium lies",
            description="; ".join(
                f"{name.replace('_', ' ')} {percent(shares[name].value)}" for name in PARTS
            )
            + "; together 100 %.",
            caption="The four parts add up to 100 %. Lines are 95 % intervals by bootstrap over "
            "generators.",
            data=pd.DataFrame(drawn, columns=["part", "percent", "low", "high"]),
        )


def _line(
    axes: Axes,
    rows: Sequence[int],
    shares: Sequence[Share],
    words: str,
    style: tuple[str, object, str],
    *,
    bars: bool = True,
) -> pd.DataFrame:
    """Draw shares or medians against n, and return them as a table."""
    colour, dashes, marker = style
    values = [share.value for share in shares]
    axes.plot(
        rows, values, color=COLOURS[colour], linestyle=dashes, marker=marker, markersize=4,
        label=words,
    )  # fmt: skip
    for n, share in zip(rows, shares, strict=True) if bars else ():
        if np.isfinite([share.low, share.high]).all():
            axes.plot([n, n], [share.low, share.high], color=COLOURS[colour], linewidth=0.9)
    bounds = {name: [getattr(share, name) for share in shares] for name in ("low", "high")}
    return pd.DataFrame({"line": words, "n": rows, "value": values} | bounds)


def _mark(axes: Axes, share: float) -> None:
    axes.axhline(share, color=COLOURS["muted"], linewidth=1, linestyle=_DASHED)


def _rows(found: Exercise, kind: str, source: str) -> list[int]:
    chosen = found.responses["generator"].eq(kind) & found.responses["source"].eq(source)
    return sorted(set(found.responses[chosen]["n"].tolist()))
