"""Links: of all pages of the documentation, of the README and its like, of generated pages."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_eval.cli.status import status_of
from gan_eval.investigations.certify import page as certificate_page
from gan_eval.investigations.certify.result import shipped
from gan_eval.report import render

from ..investigations.speed.test_slowdown import document, noisy
from ..report.synthetic import results
from . import links
from .pages import NOTEBOOK, PROSE, ROOT, named

ROOTED = [*PROSE, ROOT / "README.md", NOTEBOOK]


@pytest.mark.parametrize("page", ROOTED, ids=named)
def test_no_link_is_dead(page: Path) -> None:
    assert links.faults(page, ROOT) == []


def test_the_pages_have_links_of_every_sort() -> None:
    """The checker sees them: a checker of nothing finds no fault either."""
    found = [target for page in ROOTED for target in links.targets(page.read_text("utf-8"))]
    assert sum(target.startswith("https://") for target in found) > 3
    assert sum("#" in target for target in found) > 30
    assert sum(target.endswith(".md") for target in found) > 150


# --- Pages that commands write --------------------------------------------------------------------


def _tables() -> None:
    rng = np.random.default_rng(3)
    for name, mean in (("a.csv", 0.0), ("b.csv", 1.0), ("c.csv", 0.1)):
        values = rng.normal(mean, 1, (40, 2))
        np.savetxt(name, values, delimiter=",", header="x,y", comments="")


def _compare() -> None:
    _tables()
    assert status_of(["compare", "a.csv", "b.csv", "--permutations", "199", "--html", "page"]) == 1


def _rank() -> None:
    _tables()
    assert status_of(["rank", "a.csv", "b.csv", "c.csv", "--html", "page"]) in (0, 3)


def _throughput() -> None:
    for name, seed in (("old.json", 1), ("new.json", 2)):
        Path(name).write_text(json.dumps(document({"loop": noisy(0.2, seed, 20)})))
    assert status_of(["throughput", "new.json", "--against", "old.json", "--html", "page"]) == 0


def _dynamics() -> None:
    assert status_of(["dynamics", "--discriminators", "2", "--html", "page"]) == 0


def _certify() -> None:
    Path("page").write_text(certificate_page.render(shipped()), "utf-8")


def _report() -> None:
    Path("page").write_text(render(results()), "utf-8")


QUICK, SLOW = (_rank, _throughput, _dynamics, _certify), (_compare, _report)
WRITTEN = [*QUICK, *(pytest.param(write, marks=pytest.mark.thorough) for write in SLOW)]


@pytest.mark.parametrize("write", WRITTEN, ids=lambda write: write.__name__[1:])
def test_no_link_of_a_generated_page_is_dead(
    write: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(tmp_path):
        write()
        html = Path("page").read_text("utf-8")
    assert links.in_html(html) == []
    assert "href=" in html


# --- The checker itself ---------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "other.md").write_text("# Other\n\n## A & B\n\n## Two\n\n## Two\n\n## `code` ü\n")
    (tmp_path / "picture.png").write_bytes(b"")
    (tmp_path / "docs").mkdir()
    here = tmp_path / "docs" / "page.md"
    here.write_text('# Page\n\n<span id="own"></span>\n\n## Here it is: so\n')
    return here


@pytest.mark.parametrize(
    ("target", "dead"),
    [
        ("../other.md", False),
        ("../other.md#two", False),
        ("#here-it-is-so", False),
        ("#own", False),
        ("../picture.png", False),
        ("https://doi.org/10.1000/182", False),
        ("https://arxiv.org/abs/1406.2661", False),
        ("mailto:who@example.org", False),
        ("../gone.md", True),
        ("../other.md#three", True),
        ("../other.md#a-b", True),  # a double hyphen in the repository
        ("../other.md#two-1", True),  # an underscore on the site
        ("../picture.png#x", True),
        ("#nowhere", True),
        ("/other.md", True),
        ("../../outside.md", True),
        ("http://example.org", True),
        ("https://example", True),
        ("https://example.org/a.", True),
        ("https://doi.org/182", True),
        ("https://arxiv.org/abs/14062661", True),
        ("javascript:alert()", True),
    ],
)
def test_what_is_dead(page: Path, target: str, dead: bool) -> None:
    assert bool(links.fault(target, page, page.parents[1])) is dead


def test_all_ways_to_write_a_link_are_found_and_code_is_none() -> None:
    markdown = (
        '[a](one.md) ![b](two.png "title") [c](<three four.md>) [d][e] <https://five.org>\n'
        'https://six.org/x, <a href="seven.md">f</a> [g](eight_(x).md) `[h](nine.md)`\n\n'
        "[e]: ten.md\n\n```sh\n[i](eleven.md)\n```\n"
    )
    assert set(links.targets(markdown)) == {
        *("one.md", "two.png", "three four.md", "https://five.org", "https://six.org/x,"),
        *("seven.md", "eight_(x).md", "ten.md"),
    }


def test_a_generated_page_is_one_file() -> None:
    html = '<p id="a"><a href="#a">x</a><a href="#b">y</a><a href="z.html">z</a></p>'
    assert links.in_html(html) == ["#b: no such id", "z.html: a file beside the page"]
