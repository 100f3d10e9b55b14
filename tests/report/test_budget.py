"""What the page of the main job may weigh: bytes, words, pictures, and height in a browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from gan_eval.report import render
from gan_eval.report.verification.verify import verify
from gan_eval.study.results.results import Results

from . import synthetic
from .chromium import browser, needs_driver, show
from .elements import Element, parse
from .test_many import many

BYTES, WORDS, PICTURES, HEIGHT = 1_500_000, 1_200, 8, 6_000


@cache
def html() -> str:
    """A page of 2,000 trainings on one backend and 20 of the same seeds on another."""
    fast, slow = many(2000), synthetic.results(20)
    parts = [(fast, "fused_cpu"), (slow, "pytorch")]
    rows, epochs = (
        pd.concat([getattr(one, kind).assign(backend=name) for one, name in parts])
        for kind in ("rows", "epochs")
    )
    made = Results(rows, epochs.loc[epochs["seed"] < 1000], fast.provenance)
    return render(made)


def _unfolded(element: Element) -> list[Element]:
    """Everything that stands outside of what is folded, but its heads."""
    if element.tag in ("script", "style", "svg", "nav"):
        return []
    if element.tag == "details":
        return [one for child in element.children if child.tag == "summary" for one in child.all()]
    return [element, *(one for child in element.children for one in _unfolded(child))]


def test_it_is_light() -> None:
    assert len(html().encode()) <= BYTES


def test_few_words_and_pictures_stand_unfolded() -> None:
    (main,) = parse(html()).all("main")
    shown = _unfolded(main)
    assert sum(len(" ".join(one.words).split()) for one in shown) <= WORDS
    assert 5 <= sum(one.tag == "figure" for one in shown) <= PICTURES


def test_all_of_it_is_what_its_data_give(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(), encoding="utf-8")
    found = verify(path)
    assert found.passed
    assert found.numbers > 500


@needs_driver
def test_its_answer_fills_the_first_screen_and_all_of_it_a_few(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(), encoding="utf-8")
    with browser(tmp_path) as driver:
        show(driver, path)
        assert driver.execute_script("return document.documentElement.scrollHeight") <= HEIGHT
        ends = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
        assert driver.execute_script(ends, ".answer") <= 450
        assert driver.execute_script(ends, "#fig-learned svg") <= 900
        assert driver.execute_script(ends, ".cards") <= 1000
        show(driver, path, width=390)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
