"""A report's numbers are recomputed from its data, and whatever was changed is found and named."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gan_eval.pages.blocks import Answer
from gan_eval.pages.numbers import number
from gan_eval.pages.page import fill
from gan_eval.pages.picture import undrawn
from gan_eval.report import embedded, render
from gan_eval.report.verification.reading import Shown, texts
from gan_eval.report.verification.verify import verify
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results

from ...cli.commands import gan_eval
from .. import synthetic
from ..example_pages import PAGES, page

_DATA = re.compile(r'<script type="application/json" id="data".*?</script>', re.S)
_CHANGED = 40
"""Digits that are changed, one at a time."""


def _render(results: Results, most: int = embedded.MOST_NUMBERS) -> str:
    """A page without pictures, which take most of the time; of ``most`` numbers its rows are in
    it, of more they are not."""
    with pytest.MonkeyPatch.context() as patch, undrawn():
        patch.setattr(embedded, "MOST_NUMBERS", most)
        return render(results)


@cache
def grid() -> str:
    return _render(PAGES["grid"]())


def _check(html: str, folder: Path) -> list[str]:
    """What does not stand, in words."""
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    found = verify(path)
    assert found.numbers > 50
    return [str(mismatch) for mismatch in found.mismatches]


@pytest.fixture
def written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page from the same data for many checks, since writing it takes a second."""
    from gan_eval.report.verification import verify as module

    again = module._again
    pages: dict[bool, str] = {}

    def once(held: embedded.Embedded, found: Results, drawn: bool) -> str:
        if drawn not in pages:
            pages[drawn] = again(held, found, drawn)
        return pages[drawn]

    monkeypatch.setattr(module, "_again", once)


@pytest.mark.parametrize("name", PAGES)
def test_what_was_written_stands(name: str, tmp_path: Path) -> None:
    assert _check(_render(PAGES[name]()), tmp_path) == []


def test_of_a_page_without_its_rows_nothing_is_claimed(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(_render(synthetic.results(12), 0), encoding="utf-8")
    found = verify(path)
    assert found.passed is None
    assert found.numbers == 0
    told = gan_eval("verify", path)
    assert told.returncode == 3
    assert told.stdout.startswith("Could not tell: the page has too many rows")


def test_pictures_and_their_data_stand(tmp_path: Path) -> None:
    assert _check(page("one"), tmp_path) == []


def _digits(html: str, where: str) -> list[int]:
    """Places of digits in what the page shows, or in its figures."""
    html = _DATA.sub(lambda m: " " * len(m[0]), html)
    figures = [m.span() for m in re.finditer(r"<figure.*?</figure>", html, re.S)]
    inside = [i for a, b in figures for i in range(a, b) if html[i].isdecimal()]
    if where == "figures":
        return inside
    begin, end = html.index("<main"), html.index("</main>")
    texts = [m.span() for m in re.finditer(r">[^<>]+<", html) if begin < m.start() < end]
    taken = set(inside)
    return [i for a, b in texts for i in range(a, b) if html[i].isdecimal() and i not in taken]


@pytest.mark.usefixtures("written_again")
@pytest.mark.parametrize(
    ("name", "where"),
    [("grid", "texts"), pytest.param("one", "figures", marks=pytest.mark.thorough)],
)
def test_every_digit_that_is_changed_is_found(name: str, where: str, tmp_path: Path) -> None:
    html = grid() if name == "grid" else page(name)
    places = _digits(html, where)
    rng = np.random.default_rng(5)
    for place in rng.choice(places, _CHANGED, replace=False):
        other = str((int(html[place]) + rng.integers(1, 10)) % 10)
        found = _check(html[:place] + other + html[place + 1 :], tmp_path)
        assert len(found) == 1, html[place - 40 : place + 40]
        assert ("figure fig-" in found[0]) == (where == "figures")


def test_every_digit_of_the_data_that_is_changed_is_found(tmp_path: Path) -> None:
    html = grid()
    match = _DATA.search(html)
    assert match is not None
    places = [i for i in range(*match.span()) if html[i].isdecimal()]
    rng = np.random.default_rng(6)
    for place in rng.choice(places, _CHANGED, replace=False):
        other = str((int(html[place]) + 1) % 10)
        with pytest.raises(UsageError, match="damaged: their SHA-256"):
            _check(html[:place] + other + html[place + 1 :], tmp_path)


def test_it_says_where_a_number_stands_and_what_it_should_be(tmp_path: Path) -> None:
    """The page of one run with the data of another, whose KL are twice as large."""
    made = synthetic.results(12)
    html = _render(made)
    rows = made.rows.assign(kl=2 * made.rows["kl"])
    other = _render(Results(rows, made.epochs, made.provenance))
    data = _DATA.search(other)
    assert data is not None
    found = _check(_DATA.sub(lambda _: data[0], html), tmp_path)
    before, after = (np.median(frame["kl"]) for frame in (made.rows, rows))
    place = "row “made up”, column “median KL, nats”"
    said = f": the page says {number(before)}, its data give {number(after)}"
    assert any(place in line and line.endswith(said) for line in found)


def test_other_words_are_shown_around_their_first_difference(tmp_path: Path) -> None:
    (found,) = _check(grid().replace("diverged means weights", "diverged says weights"), tmp_path)
    assert found.endswith(
        "the page says “…led above; diverged says weights that are not finite. Within…”, its data "
        "give “…led above; diverged means weights that are not finite. Withi…”"
    )


def test_what_is_missing_or_added_is_named(tmp_path: Path) -> None:
    html = grid()
    begin = html.index('<tr role="row"><th', html.index('id="spread"'))
    end = html.index("</tr>", begin) + 5
    lacking = _check(html[:begin] + html[end:], tmp_path)
    assert all("is missing" in line for line in lacking)
    assert len(lacking) == 9
    added = _check(html.replace("</main>", "<p>All 32 converged.</p></main>"), tmp_path)
    assert len(added) == 1
    assert "'All 32 converged.' is not of its data" in added[0]


def test_a_label_that_looks_like_no_number_is_a_label(tmp_path: Path) -> None:
    made = synthetic.results(2, configs=dict.fromkeys(["NaN"], synthetic.TrainingConfig()))
    made.provenance["command"] = "Infinity"
    assert _check(_render(made), tmp_path) == []


def test_the_folder_of_a_run_stands_for_its_report(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        verify(tmp_path)
    (tmp_path / "report.html").write_text(grid(), encoding="utf-8")
    assert verify(tmp_path) == verify(tmp_path / "report.html")


def test_other_files_are_misuse(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    with pytest.raises(UsageError, match=r"page\.html"):
        verify(path)
    path.write_text("<!DOCTYPE html><p>3</p>")
    with pytest.raises(UsageError, match="is not a report of gan-eval"):
        verify(path)
    other = fill(title="t", name="n", question="q", answer=Answer("h"), sections=[])
    path.write_text(other, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no data to verify it by"):
        verify(path)


@pytest.mark.parametrize("after", ["</h2>", 'id="data"', '"provenance"'])
def test_half_a_page_is_misuse(after: str, tmp_path: Path) -> None:
    html = grid()
    path = tmp_path / "page.html"
    path.write_text(html[: html.index(after) + 100], encoding="utf-8")
    with pytest.raises(UsageError, match=r"page\.html"):
        verify(path)


def test_the_command_says_how_many_stand(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(grid(), encoding="utf-8")
    right = gan_eval("verify", path)
    assert right.returncode == 0
    said = r"Yes: \d,\d{3} numbers recomputed, and all stand: the page is what its data give\.\n"
    assert re.fullmatch(said, right.stdout)
    path.write_text(grid().replace("up to 0.1 nats", "up to 0.2 nats"), "utf-8")
    wrong = gan_eval("verify", path)
    assert wrong.returncode == 1
    assert "the page says 0.2, its data give 0.1\n" in wrong.stdout
    last = wrong.stdout.splitlines()[-1]
    assert last.startswith("No: ")
    assert last.endswith("1 does not stand.")


def test_what_is_shown_is_known_by_its_place() -> None:
    assert texts(
        "<h2>A <a>#</a></h2><p>one\ntwo</p><figure><p>3</p></figure><table><caption>C</caption>"
        "<thead><tr><th>x</th><th>y</th></tr></thead><tr><th>r</th><td>4\u202f000</td></tr></table>"
    ) == [
        Shown("a heading", "A #"),
        Shown("A, “one two”", "one two"),
        Shown("A, “C”", "C"),
        Shown("A, table “C”, head", "x"),
        Shown("A, table “C”, head", "y"),
        Shown("A, table “C”, row “r”, column “x”", "r"),
        Shown("A, table “C”, row “r”, column “y”", "4\u202f000"),
    ]
