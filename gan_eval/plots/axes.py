"""The axes on which a plot function draws: its own or the caller's, in the page's colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from matplotlib.axes import Axes

from gan_eval.pages.canvas import figure_of, paint, style
from gan_eval.runtime.arguments import instance_of

P = ParamSpec("P")

DASHED = (0, (4, 3))
"""The line style of a margin in every picture."""


def drawn(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Let a function that draws on ``ax`` make its own figure where it is given none.

    On a page's canvas the colours stay what the page turns into its themes; elsewhere what was
    drawn gets the colours of the light one.
    """

    @wraps(draw)
    def with_axes(*args: P.args, **kwargs: P.kwargs) -> Axes:
        given: Any = kwargs.get("ax")
        if given is None:

            def on(ax: Axes) -> Axes:
                kwargs["ax"] = ax
                return draw(*args, **kwargs)

            return figure_of([on]).axes[0]
        instance_of(given, "ax", Axes, "a matplotlib Axes")
        axes = draw(*args, **kwargs)
        if style() != "page":
            paint(axes)
        if not style() and (legend := axes.get_legend()):
            legend.set(loc="best")  # above the axes the caller may set a title
            legend.set_bbox_to_anchor(None)
        return axes

    return with_axes


def given(ax: Axes | None) -> Axes:
    """Take the axes that ``drawn`` has seen to."""
    assert ax is not None
    return ax
