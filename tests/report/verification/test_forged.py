"""A forged page does not pass, whatever of it was changed and whichever checksums were renewed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from gan_eval.report import embedded
from gan_eval.report.verification.verify import verify
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results

from ..example_pages import page
from .test_verify import grid

_DATA = re.compile(r'<script type="application/json" id="data" data-sha256="\w*">(.*?)</script>')
_HOLDER = '<script type="application/json" id="data"'
_GALLERY = '<div class="gallery">\n<figure id="fig-x">All converged</figure>\n</div>\n\n'
_FALSE = "<b>All 32 converged, median KL 0.0001.</b>"


@pytest.fixture
def written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the data of a page give is written once for the many pages forged from it."""
    from gan_eval.report.verification import verify as module

    again = module._again

    def once(held: embedded.Embedded, found: Results, drawn: bool) -> str:
        key = (len(found.rows), drawn, bool(held.figures))
        if key not in _pages:
            _pages[key] = again(held, found, drawn)
        return _pages[key]

    monkeypatch.setattr(module, "_again", once)


_pages: dict[Any, str] = {}


def renewed(html: str, change: Callable[[dict], object] = lambda _: None) -> str:
    """The page with other data, all checksums of data and figures as they have to be."""
    match = _DATA.search(html)
    assert match is not None
    document = json.loads(match[1])
    document["figures"] = embedded.figures(html)
    change(document)
    text = json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")
    return _with_data(html, text)


def _with_data(html: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    holder = f'<script type="application/json" id="data" data-sha256="{digest}">{text}</script>'
    return _DATA.sub(lambda _: holder, html)


def _put(before: str, what: str) -> Callable[[str], str]:
    return lambda html: html.replace(before, what + before, 1)


def _turned(old: str, new: str) -> Callable[[str], str]:
    return lambda html: html.replace(old, new, 1)


def _scripted(html: str) -> str:
    """Another script, and a policy that lets it run."""
    script = f"document.querySelector('h2').innerHTML = '{_FALSE}'"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html = re.sub(r"sha256-[\w+/=]*", f"sha256-{digest}", html, count=1)
    begin = html.rindex("<script>") + 8
    return html[:begin] + script + html[html.rindex("</script>") :]


FORGED: dict[str, Callable[[str], str]] = {
    "another script": _scripted,
    "no policy": lambda html: re.sub(r"<meta http-equiv.*?>\n", "", html, count=1),
    "a script in front": _put("</head>", "<script>alert(1)</script>"),
    "a script from elsewhere": _put("</body>", '<script src="https://example.org/x.js"></script>'),
    "the table hidden": _turned('<div class="scroll"', f'{_FALSE}<div hidden class="scroll"'),
    "a table beside": _put('<div class="scroll"', f"<div>{_FALSE}</div>"),
    "the answer moved away": _turned('<h2 id="answer"', '<h2 style="display:none" id="answer"'),
    "words after": _put("</style>", ".answer::after { content: 'All 32 converged.'; }"),
    "words hidden": _put("</style>", "td { display: none; }"),
    "an element": _put("</main>", f"<div>{_FALSE}</div>"),
    "words in an element": _turned("<nav", f"{_FALSE}<nav"),
    "a picture": _put("</main>", '<img src="data:image/png;base64,AA==" alt="All converged">'),
    "a frame": _put("</main>", '<iframe srcdoc="All converged"></iframe>'),
    "a base": _put("</head>", '<base href="https://example.org/">'),
    "a refresh": _put("</head>", '<meta http-equiv="refresh" content="0; url=//example.org/">'),
    "a label": _turned('aria-label="', 'aria-label="All converged. '),
    "a handler": _turned("<body>", '<body onload="alert(1)">'),
    "a link": _turned('href="#', 'href="https://example.org/#'),
    "a comment": _put("</main>", "<!-- all converged -->"),
    "no doctype": _turned("<!DOCTYPE html>\n", ""),
    "more after the end": lambda html: html + "<p>All converged",
    "another language": _turned('lang="en"', 'lang="ar" dir="rtl"'),
    "white space": _turned("</main>", " </main>"),
    "a figure": _put("</main>", f'<figure id="fig-x">{_FALSE}</figure>'),
    "a gallery": _put("</main>", _GALLERY),
    "data twice": lambda html: html.replace("</main>", html[html.index(_HOLDER) :], 1),
}  # fmt: skip


def _mismatches(html: str, folder: Path) -> list[str]:
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8", newline="")
    return [str(mismatch) for mismatch in verify(path).mismatches]


def _passes(html: str, folder: Path) -> bool:
    try:
        return not _mismatches(html, folder)
    except UsageError:
        return False


@pytest.mark.usefixtures("written_again")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_page_is_found(name: str, tmp_path: Path) -> None:
    forged = FORGED[name](grid())
    assert forged != grid()
    assert not _passes(forged, tmp_path)
    assert not _passes(renewed(forged), tmp_path)


@pytest.mark.usefixtures("written_again")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_page_with_figures_is_found(name: str, tmp_path: Path) -> None:
    assert not _passes(renewed(FORGED[name](page("one"))), tmp_path)


def _in_figure(old: str, new: str) -> Callable[[str], str]:
    def changed(html: str) -> str:
        begin = html.index("<figure")
        at = html.index(old, begin)
        return html[:at] + new + html[at + len(old) :]

    return changed


def _in_csv(html: str) -> str:
    at = html.index("data:text/csv")
    end = html.index('"', at)
    return html[:at] + html[at:end].replace("1", "2", 1) + html[end:]


RUNS: dict[str, Callable[[str], str]] = {
    "a script": _in_figure("</svg>", "<script>alert(1)</script></svg>"),
    "a foreign object": _in_figure("</svg>", f"<foreignObject>{_FALSE}</foreignObject></svg>"),
    "an image": _in_figure("</svg>", '<image href="https://example.org/x.png"/></svg>'),
    "a link": _in_figure("<g>", '<a href="https://example.org/"><g>'),
    "a style sheet": _in_figure("</svg>", "<style>td { display: none }</style></svg>"),
    "a handler": _in_figure("<g>", '<g onclick="alert(1)">'),
    "an animation": _in_figure("</svg>", '<animate attributeName="x"/></svg>'),
    "an address in a style": _in_figure('style="', 'style="fill: url(https://example.org/x); '),
    "a place outside": _in_figure('style="', 'style="position: fixed; '),
    "a use of another file": _in_figure("</svg>", '<use href="https://example.org/x#y"/></svg>'),
    "another page as data": _in_figure("data:text/csv", "data:text/html"),
    "a comment": _in_figure("</svg>", "<!-- x --></svg>"),
    "an id of the page": _in_figure("</svg>", '<g id="answer"></g></svg>'),
}
SHOWS: dict[str, Callable[[str], str]] = {
    "words in the drawing": _in_figure("</svg>", "<text>All converged</text></svg>"),
    "the caption": _in_figure("<figcaption>", "<figcaption>All converged. "),
    "the description": _in_figure("<desc", "<desc>All converged.</desc><desc"),
    "the data": _in_csv,
    "a path": _in_figure(' d="M ', ' d="M 1'),
    "a colour": _in_figure("var(--learned)", "var(--real)"),
}


@pytest.mark.usefixtures("written_again")
@pytest.mark.parametrize("name", [*RUNS, *SHOWS])
def test_a_forged_figure_is_found_though_its_checksum_is_renewed(name: str, tmp_path: Path) -> None:
    forged = renewed((RUNS | SHOWS)[name](page("one")))
    (found,) = _mismatches(forged, tmp_path)
    assert found.startswith("figure fig-")


def _elsewhere(document: dict) -> None:
    document["matplotlib"] = "0.1"


@pytest.mark.usefixtures("written_again")
def test_a_figure_of_another_matplotlib_is_not_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(renewed(page("one"), _elsewhere), encoding="utf-8")
    found = verify(path)
    assert not found.mismatches
    assert found.undrawn == f"Matplotlib 0.1 drew them, {matplotlib.__version__} is here"
    assert found.figures > 5


@pytest.mark.usefixtures("written_again")
@pytest.mark.parametrize("name", RUNS)
def test_a_figure_that_is_not_drawn_again_is_a_drawing_all_the_same(
    name: str, tmp_path: Path
) -> None:
    assert _mismatches(renewed(RUNS[name](page("one")), _elsewhere), tmp_path)


@pytest.mark.usefixtures("written_again")
def test_places_may_differ_by_a_rounding(tmp_path: Path) -> None:
    at = page("one").index(' d="M ', page("one").index("<figure")) + 6
    end = page("one").index(" ", at)
    for off, stands in ((0.01, True), (0.5, False)):
        moved = f"{float(page('one')[at:end]) + off:.2f}"
        html = renewed(page("one")[:at] + moved + page("one")[end:])
        assert (not _mismatches(html, tmp_path)) == stands


def test_facts_do_not_stand_in_for_rows(tmp_path: Path) -> None:
    """The rows of a page are what it is held against, though its data say something beside."""

    def claim(document: dict) -> None:
        document["facts"]["at ln 2 of cell 0"] = [31, 0]

    assert not _mismatches(renewed(grid(), claim), tmp_path)


def test_a_page_of_another_template_is_not_judged(tmp_path: Path) -> None:
    def other(document: dict) -> None:
        document["gan_eval"], document["template"] = "0.0.1", "0" * 16

    with pytest.raises(UsageError, match=r"was written by gan-eval 0\.0\.1 with another template"):
        _mismatches(renewed(grid(), other), tmp_path)


def test_data_of_another_format_are_not_called_damaged(tmp_path: Path) -> None:
    def older(document: dict) -> None:
        document["format"] = 1

    with pytest.raises(
        UsageError, match=r"in format 1, \d is read here: verify it with the version"
    ):
        _mismatches(renewed(grid(), older), tmp_path)


def _leaves(value: Any, path: tuple = ()) -> list[tuple]:
    children = value.items() if isinstance(value, dict) else enumerate(value)
    return [path] + [
        leaf
        for key, child in children
        for leaf in (
            _leaves(child, (*path, key)) if isinstance(child, dict | list) else [(*path, key)]
        )
    ]


HUGE = 10**400
ODD: list[Any] = [None, HUGE, -HUGE, True, -1, 1e308, "", "NaN", [], {}, [[]], {"not finite": "x"}]


def _odd(at: int, value: Any) -> Callable[[dict], None]:
    def change(document: dict) -> None:
        leaves = [leaf for leaf in _leaves(document) if leaf]
        *path, last = leaves[at % len(leaves)]
        for key in path:
            document = document[key]
        document[last] = value

    return change


def _judged(html: str, folder: Path) -> None:
    try:
        _mismatches(html, folder)
    except UsageError as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("key", ["format", "provenance", "rows", "starts", "facts", "figures"])
def test_odd_data_are_refused_in_a_sentence(key: str, value: Any, tmp_path: Path) -> None:
    def change(document: dict) -> None:
        document[key] = value

    _judged(renewed(page("none"), change), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"format":3,"facts":' + "[" * 3_000 + "]" * 3_000 + "}",
        "null",
        "1" * 5_000,
        "\\ud800",
        "",
    ],
    ids=range(8),
)
def test_data_that_are_no_document_are_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are damaged: "):
        _mismatches(_with_data(page("none"), text), tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("random", range(150))
def test_odd_data_anywhere_are_judged_or_refused(random: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(random)
    value = ODD[rng.integers(len(ODD))]
    _judged(renewed(grid(), _odd(int(rng.integers(10_000)), value)), tmp_path)
