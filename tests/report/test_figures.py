from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from gan_eval.pages.canvas import COLOURS, canvas, picture
from gan_eval.report import figures
from gan_eval.report.cells import cells_of
from gan_eval.study.results.results import Results

from . import synthetic


def _draw(label: str) -> ElementTree.Element:
    with canvas() as (figure, axes):
        axes.plot([0, 1], [0, 1], "o", color=COLOURS["real"])
        axes.set_title(label)
        made = picture(figure, "fig-x", title=label, description="d", caption="c")
    return ElementTree.fromstring(made.svg)


def test_drawings_follow_the_page() -> None:
    svg = _draw("title")
    text = ElementTree.tostring(svg, encoding="unicode")
    assert "var(--real)" in text
    assert "var(--grid)" in text
    assert not any(sentinel in text for sentinel in COLOURS.values())
    assert not re.search(r"font-family|DejaVu|http|<style|<metadata", text)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"] == "fig-x-title fig-x-desc"
    assert [child.tag for child in svg][:2] == ["title", "desc"]
    ids = [e.attrib["id"] for e in svg.iter() if "id" in e.attrib]
    assert all(name.startswith("fig-x-") for name in ids)
    used = {e.attrib["href"][1:] for e in svg.iter() if "href" in e.attrib}
    used |= {m for e in svg.iter() for m in re.findall(r"url\(#(.*?)\)", str(e.attrib))}
    assert used
    assert used <= set(ids)


def test_hostile_words_are_drawn_as_they_are() -> None:
    label = 'a <b> & "c" $x_1$ 日本 #fe0100 id="z"'
    words = [element.text for element in _draw(label).iter("text")]
    assert label in words


def test_what_has_no_place_on_the_axis_is_counted() -> None:
    made = synthetic.results(10)
    synthetic.spoil(made.rows, 1, "failed")
    synthetic.spoil(made.rows, 2, "diverged")
    cells = cells_of(made)
    assert "2 of 10 not shown" in figures.kl_spread(cells).caption
    assert "2 of 10 not shown" in figures.worth_spread(cells).caption
    assert "2 of 10 not shown" in _caption(figures.critic(cells))
    assert "1 of 10 not shown (without a test)" in _caption(figures.pvalues(cells, "mmd", "MMD"))


def test_many_trainings_are_thinned_and_that_is_said() -> None:
    made = synthetic.results(4)
    many = pd.concat([made.rows] * 200, ignore_index=True)
    many["seed"] = np.arange(800)
    cells = cells_of(Results(many, made.epochs, made.provenance))
    assert "600 of 800 not shown" in _caption(figures.speed(cells))
    for drawn in (figures.kl_spread(cells), figures.worth_spread(cells)):
        assert drawn.csv is not None
        assert drawn.csv.count("\n") == 1 + figures.MOST_POINTS


def test_of_many_cells_each_has_fewer_marks() -> None:
    made = synthetic.results(2, where=[("pytorch", f"device {i}") for i in range(8)])
    many = pd.concat([made.rows.assign(seed=made.rows["seed"] + 2 * i) for i in range(150)])
    drawn = figures.speed(cells_of(Results(many, made.epochs, made.provenance)))
    assert "1600 of 2400 not shown" in _caption(drawn)
    assert drawn is not None
    assert drawn.csv is not None
    assert drawn.csv.count("\n") == 1 + 8 * 100


def test_more_cells_than_fit_are_counted() -> None:
    places = [("pytorch", f"device {i}") for i in range(15)]
    cells = cells_of(synthetic.results(1, where=places))
    assert " 3 more" in figures.kl_spread(cells).caption
    assert " 3 more" in _caption(figures.speed(cells))


def test_a_spread_of_several_has_a_strip_for_each_and_of_one_its_shares() -> None:
    one = figures.kl_spread(cells_of(synthetic.results(30)))
    both = figures.kl_spread(
        cells_of(synthetic.results(30, where=(("pytorch", "cpu"), ("jax", "cpu"))))
    )
    marks = [len(re.findall("<use", str(drawn.svg))) for drawn in (one, both)]
    assert marks[1] >= marks[0] + 30
    assert all(f"{name} on cpu" in str(both.svg) for name in ("pytorch", "jax"))


def test_no_tests_no_picture() -> None:
    made = synthetic.results(2)
    made.rows["mmd_pvalue"] = np.nan
    assert figures.pvalues(cells_of(made), "mmd", "MMD") is None


def test_the_share_rejected_is_the_first_bar() -> None:
    made = synthetic.results(10)
    made.rows["mmd_pvalue"] = [0.001, 0.05, 0.051, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0]
    caption = _caption(figures.pvalues(cells_of(made), "mmd", "MMD"))
    assert "20\u202f% of 10 " in caption


def _caption(made: object) -> str:
    assert made is not None
    return made.caption  # type: ignore[attr-defined]
