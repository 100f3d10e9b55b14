"""From a matplotlib figure to inline SVG that follows the page: its colours, its font, its ids."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex, to_rgba, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gan_eval.pages.numbers import number
from gan_eval.pages.picture import Picture
from gan_eval.runtime.spreadsheet import csv_text

# Figures are drawn in sentinel colours, which the page's CSS variables then replace: one drawing
# serves the light theme, the dark one and print.
_VARIABLES = (
    *("ink", "muted", "grid", "real", "learned", "loss-d", "loss-g"),
    *("converged", "near", "failed", "diverged", "surface"),
)
COLOURS = {name: f"#{0xFE0100 + i:06x}" for i, name in enumerate(_VARIABLES)}
"""Colour by role; style.css gives each its value in both themes."""

_BY_SENTINEL = {sentinel: f"var(--{name})" for name, sentinel in COLOURS.items()}
_SENTINEL = re.compile("|".join(_BY_SENTINEL))
_FONT_FAMILY = re.compile(r"font-family: [^;]*; ")
_LONG_NUMBER = re.compile(r"(\d+\.\d\d)\d+")
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gan_eval",
    "font.size": 9.5,
    "text.color": COLOURS["ink"],
    "text.parse_math": False,
    "axes.edgecolor": COLOURS["muted"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "legend.borderpad": 0.1,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.6,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}


_style = ContextVar("_style", default="")


class PlotBox(NamedTuple):
    """A place: where the axes of a drawn figure lie, in units of its SVG.

    ``across`` and ``up`` are the places of the data's zero and the length of its one.
    """

    left: float
    top: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]


@contextmanager
def styled(*, light: bool = False) -> Iterator[None]:
    """Draw meanwhile in the page's style, or in the light theme's own colours."""
    painted = {k: _light().get(v, v) if isinstance(v, str) else v for k, v in _STYLE.items()}
    token = _style.set("light" if light else "page")
    try:
        with mpl.rc_context(painted if light else _STYLE), warnings.catch_warnings():
            # A name may have letters that matplotlib's font lacks; a browser's font draws the text.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            yield
    finally:
        _style.reset(token)


def style() -> str:
    """Tell in which style is drawn now: ``"page"``, ``"light"``, or the caller's own, ``""``."""
    return _style.get()


@contextmanager
def canvas(height: float = 3.0, width: float = 4.4) -> Iterator[tuple[Figure, Axes]]:
    """Open a figure (inches, 72 units each) with one axes, in the page's style while it is drawn.

    The width makes a letter about as large as the page's small print on a screen of 360 pixels.
    """
    with styled():
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def figure_of(
    drawings: Sequence[Callable[[Axes], object]], height: float = 3.6, most: int = 3
) -> Figure:
    """Draw pictures beside each other, ``most`` in a row, in one matplotlib figure, in the colours
    of a light page."""
    across = min(len(drawings), most)
    down = -(-len(drawings) // across)
    with styled():
        figure = Figure(
            figsize=(4.4 * across, height * down), layout=ConstrainedLayoutEngine(w_pad=0.12)
        )
        for place, draw in enumerate(drawings, 1):
            draw(figure.add_subplot(down, across, place))
        figure.draw_without_rendering()  # so that all marks of the axes are there
        paint(figure)
        figure.set_facecolor("white")
    return figure


@cache
def _light() -> dict[str, str]:
    """The light theme's colour of each sentinel."""
    light = Path(__file__).with_name("style.css").read_text(encoding="utf-8").partition("}")[0]
    values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return {sentinel: values[name] for name, sentinel in COLOURS.items()}


def paint(drawn: Artist) -> None:
    """Give everything in a figure or axes that is drawn in a sentinel the light theme's colour."""
    colours = _light()
    artists = drawn.findobj()
    boxes = (one.get_bbox_patch() for one in artists if isinstance(one, Text))
    for artist in [*artists, *filter(None, boxes)]:
        for kind in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            if hasattr(artist, f"get_{kind}"):
                given = to_rgba_array(getattr(artist, f"get_{kind}")())
                painted = [colours.get(to_hex(one)) for one in given]
                if any(painted):
                    pairs = zip(painted, given, strict=True)
                    found = [to_rgba(new, one[3]) if new else tuple(one) for new, one in pairs]
                    getattr(artist, f"set_{kind}")(found if len(found) > 1 else painted[0])


def picture(
    figure: Figure,
    identity: str,
    *,
    title: str,
    description: str,
    caption: str,
    data: pd.DataFrame | None = None,
) -> Picture:
    """Take the drawn figure as a ``Picture``; to be called inside its ``canvas``.

    ``data`` is what is drawn, to be had as CSV with six significant digits.
    """
    buffer = io.StringIO()
    # Not `savefig`, which draws everything once more before, to see how large it is.
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    svg = _inline(buffer.getvalue(), identity, title, description)
    csv = None if data is None else csv_text(data, float_format="%.6g")
    return Picture(identity, title, description, caption, Markup(svg), csv)


def plot_box(figure: Figure, axes: Axes) -> PlotBox:
    """Find where linear axes lie, after ``picture`` has laid the figure out."""
    width, height = (72 * inches for inches in figure.get_size_inches())
    place = axes.get_position()
    left, bottom = place.x0 * width, height * (1 - place.y0)
    across, up = place.width * width, place.height * height
    (low, high), (floor, ceiling) = axes.get_xlim(), axes.get_ylim()
    one, tall = across / (high - low), -up / (ceiling - floor)
    return PlotBox(
        *(left, bottom - up, across, up),
        across=(left - low * one, one),
        up=(bottom - floor * tall, tall),
    )


def plain_log_axis(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, at least a decade long, with plain numbers at its marks.

    To be called when the data are drawn: how many marks it needs depends on their range.
    """
    getattr(axes, f"set_{which}scale")("log")
    low, high = getattr(axes, f"get_{which}lim")()
    if high < 10 * low:
        middle = (low * high) ** 0.5
        low, high = middle / 10**0.5, middle * 10**0.5
        getattr(axes, f"set_{which}lim")(low, high)
    axis = getattr(axes, f"{which}axis")
    subdivisions = (1.0, 2.0, 5.0) if high < 40 * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subdivisions, numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 1)))
    axis.set_minor_formatter(NullFormatter())


def legend_above(axes: Axes, columns: int = 4) -> None:
    """Put the legend over the axes, where it covers no data; each label once."""
    named = {}
    for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
        named.setdefault(label, handle)
    axes.legend(
        list(named.values()), list(named), loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns
    )


def _inline(text: str, identity: str, title: str, description: str) -> str:
    """Turn a whole SVG document into an element of the page."""
    document = ElementTree.fromstring(text)
    _strip(document)
    document.tail = None
    for element in document.iter():
        _adapt(element, lambda name: f"{identity}-{name}")
    for group in document.iter("g"):
        _share_style(group)
    document.attrib = {
        "viewBox": document.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{identity}-title {identity}-desc",
    }
    for position, (tag, words) in enumerate((("title", title), ("desc", description))):
        child = ElementTree.Element(tag, {"id": f"{identity}-{tag}"})
        child.text = words
        document.insert(position, child)
    return ElementTree.tostring(document, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Namespaces off, and with them metadata and the style sheet that would rule the whole page;
    no indentation."""
    if element.text is not None and not element.text.strip():
        element.text = None
    element.tail = "\n"
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {name.rpartition("}")[2]: v for name, v in element.attrib.items()}
    for child in list(element):
        if child.tag.rpartition("}")[2] in ("metadata", "style"):
            element.remove(child)
        else:
            _strip(child)


def _share_style(group: ElementTree.Element) -> None:
    """Write the style of many like marks once, at their group: half of what a picture weighs."""
    styles = {child.attrib.get("style", "") for child in group}
    if len(group) > 1 and len(styles) == 1 and {child.tag for child in group} == {"use"}:
        (style,) = styles
        if style and "style" not in group.attrib:
            group.attrib["style"] = style
            for child in group:
                del child.attrib["style"]


def _adapt(element: ElementTree.Element, renamed: Callable[[str], str]) -> None:
    attributes = element.attrib
    # matplotlib names every group (axes_1, patch_2, …); only what is referred to needs an id.
    if "id" in attributes:
        if element.tag == "g":
            del attributes["id"]
        else:
            attributes["id"] = renamed(attributes["id"])
    if "href" in attributes:
        attributes["href"] = "#" + renamed(attributes["href"][1:])
    if "clip-path" in attributes:
        attributes["clip-path"] = re.sub(
            r"url\(#(.*)\)", lambda m: f"url(#{renamed(m[1])})", attributes["clip-path"]
        )
    if "style" in attributes:
        style = _SENTINEL.sub(lambda m: _BY_SENTINEL[m[0]], attributes["style"])
        attributes["style"] = _FONT_FAMILY.sub("", style)
    for name in ("d", "x", "y", "transform"):
        if name in attributes:
            attributes[name] = " ".join(_LONG_NUMBER.sub(r"\1", attributes[name]).split())
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
