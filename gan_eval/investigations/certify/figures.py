"""The pictures of a certificate: sizes beside their level, and power beside the best possible."""

from __future__ import annotations

import textwrap

import pandas as pd

from gan_eval.investigations.certify.alternatives import PATHS
from gan_eval.investigations.certify.catalogue import EXACT
from gan_eval.investigations.certify.power import OPTIMUM
from gan_eval.investigations.certify.result import Certificate
from gan_eval.investigations.certify.words import allowed, level
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import number, percent, percents, plural, setting
from gan_eval.pages.picture import Picture

_STYLES = (("ink", "-"), ("loss-d", "-"), ("loss-g", "--"), ("learned", "-."), ("real", ":"))


def sizes(certificate: Certificate) -> Picture:
    """Draw how often each test rejects equal distributions, a mark a case, beside its level."""
    alpha = level(certificate)
    place, (low, high) = certificate.settings.alphas.index(alpha), allowed(certificate, alpha)
    names = list(certificate.tests)
    rows = [
        {"test": case.test, "data": case.law, "n": case.n, "m": case.m, "d": case.dimension}
        | {"claim": case.claim, "size": case.sizes[place], "as_claimed": case.passed}
        for case in certificate.sizes
    ]
    data = pd.DataFrame(rows)
    with canvas(0.9 + 0.42 * len(names)) as (figure, axes):
        axes.axvspan(100 * low, 100 * high, color=COLOURS["grid"], alpha=0.7, linewidth=0)
        axes.axvline(100 * alpha, color=COLOURS["ink"], linewidth=1)
        for exact, mark, words in ((True, "o", "uniform p-values"), (False, "D", "valid p-values")):
            for good, colour in ((True, "learned"), (False, "failed")):
                some = data[data["claim"].eq(EXACT).eq(exact) & data["as_claimed"].eq(good)]
                if some.empty:
                    continue
                # Cases lie beside each other, so that equal ones are seen.
                within = some.groupby("test").cumcount() / max(len(some), 1)
                heights = some["test"].map(names.index) - 0.12 + (0.3 * exact) - 0.2 * within
                axes.plot(
                    *(100 * some["size"], heights), mark, color=COLOURS[colour], markersize=4,
                    alpha=0.75, label=words if good else f"{words}, and not so",
                )  # fmt: skip
        titles = [textwrap.fill(test.words, 24) for test in certificate.tests.values()]
        axes.set_yticks(range(len(names)), titles)
        axes.set(
            ylim=(len(names) - 0.5, -0.5),
            xlabel=f"% rejected at the {setting(100 * alpha)} % level",
        )
        axes.grid(axis="y", visible=False)
        legend_above(axes, columns=2 if data["as_claimed"].all() else 1)
        each = (data["size"][data["test"].eq(name)] for name in names)
        spans = [percents(float(some.min()), float(some.max())) for some in each]
        return picture(
            figure,
            "fig-sizes",
            title=f"How often each test rejects equal distributions, at {setting(100 * alpha)} %",
            description="; ".join(
                f"{test.words}: {span}"
                for test, span in zip(certificate.tests.values(), spans, strict=True)
            )
            + ".",
            caption="A mark is a case: rows, columns and data. Grey: what chance allows a right "
            f"test in 99 % of cases. Line: the level, {percent(alpha)}.",
            data=data,
        )


def power(certificate: Certificate, path: str) -> Picture:
    """Draw the power curves along a path, of the first four tests beside the best possible."""
    tests = [(name, test.words) for name, test in certificate.tests.items()]
    curves = [
        (words, curve)
        for name, words in [(OPTIMUM, "best possible"), *tests[:4]]
        if (curve := certificate.curve(name, path)) is not None
    ]
    with canvas(height=3.4) as (figure, axes):
        for (words, curve), (colour, dashes) in zip(curves, _STYLES, strict=False):
            axes.plot(
                *(curve.kl, curve.power),
                label=words,
                color=COLOURS[colour],
                linestyle=dashes,
                marker="." if curve.test == OPTIMUM else None,
            )
        axes.axhline(0.8, color=COLOURS["muted"], linewidth=0.8)
        axes.set(ylim=(0, 1.02), xlabel="KL(q‖p), nats", ylabel="power")
        plain_log_axis(axes, "x")
        legend_above(axes, columns=1)
        words, rest = PATHS[path].words, len(tests) - 4
        first, *_, last = max((curve.strengths for _, curve in curves), key=len)
        span = f"{PATHS[path].parameter} from {number(first, 2)} to {number(last, 2)}"
        hidden = f" {plural(rest, 'more test')} not drawn." if rest > 0 else ""
        return picture(
            figure,
            f"fig-power-{path.replace('_', '-')}",
            title=f"Power: {words}",
            description="; ".join(
                f"{name}: {percent(float(curve.power[0]))} at {number(curve.kl[0], 2)} nats, "
                f"{percent(float(curve.power[-1]))} at {number(curve.kl[-1], 2)}"
                for name, curve in curves
            ),
            caption=f"Power against KL(q‖p): {words}, {span}. The line marks 80 %.{hidden}",
            data=pd.concat(
                [
                    pd.DataFrame(
                        {"test": name, "kl": curve.kl, "strength": curve.strengths}
                        | {"power": curve.power}
                    )
                    for name, curve in curves
                ]
            ),
        )
