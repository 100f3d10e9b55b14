from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from gan_eval.pages.canvas import COLOURS, canvas, picture
from gan_eval.report import figures, losses
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
    assert "2 of 10 not shown (no finite positive KL)" in figures.kl_spread(cells).caption
    assert "2 of 10 not shown" in figures.worth_spread(cells).caption
    assert "2 of 10 not shown" in _caption(figures.critic(cells))
    assert "1 of 10 not shown (without a test)" in _caption(figures.pvalues(cells, "mmd", "MMD"))


def test_a_kl_that_is_not_finite_on_the_way_is_counted() -> None:
    made = synthetic.results(10)
    made.epochs.loc[(made.epochs["seed"] == 4) & (made.epochs["epoch"] > 3), "kl"] = np.inf
    made.epochs.loc[(made.epochs["seed"] == 5) & (made.epochs["epoch"] > 9), "kl"] = np.nan
    cell = cells_of(made)[0]
    assert "2 of 10 not shown" in losses.kl_of_all(cell, "fig").caption
    assert "17 of 21 not shown" not in losses.kl_of_one(cell, 3, "fig").caption
    assert "17 of 21 not shown" in losses.kl_of_one(cell, 4, "fig").caption


def test_many_replicates_are_thinned_and_that_is_said() -> None:
    made = synthetic.results(4)
    many = pd.concat([made.rows] * 200, ignore_index=True)
    many["seed"] = np.arange(800)
    cells = cells_of(Results(many, made.epochs, made.provenance))
    said = "400 of 800 not shown (cells are thinned to 400 evenly spaced ranks)"
    for drawn in (figures.kl_spread(cells), figures.worth_spread(cells), figures.speed(cells)):
        assert said in _caption(drawn)


def test_of_many_cells_each_has_fewer_marks() -> None:
    made = synthetic.results(2, where=[("pytorch", f"device {i}") for i in range(8)])
    many = pd.concat([made.rows.assign(seed=made.rows["seed"] + 2 * i) for i in range(150)])
    drawn = figures.kl_spread(cells_of(Results(many, made.epochs, made.provenance)))
    assert "800 of 2400 not shown (cells are thinned to 200 evenly spaced ranks)" in drawn.caption
    assert drawn.csv is not None
    assert drawn.csv.count("\n") == 1 + 8 * 200


def test_more_cells_than_fit_are_counted() -> None:
    places = [("pytorch", f"device {i}") for i in range(15)]
    cells = cells_of(synthetic.results(1, where=places))
    assert "3 more cells are in the table" in figures.kl_spread(cells).caption
    assert "3 more cells are in the table" in _caption(figures.speed(cells))


def test_no_tests_no_picture() -> None:
    made = synthetic.results(2)
    made.rows["mmd_pvalue"] = np.nan
    assert figures.pvalues(cells_of(made), "mmd", "MMD") is None


def test_the_share_rejected_is_the_first_bar() -> None:
    made = synthetic.results(10)
    made.rows["mmd_pvalue"] = [0.001, 0.05, 0.051, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0]
    caption = _caption(figures.pvalues(cells_of(made), "mmd", "MMD"))
    assert "20\u202f% of 10 replicates are rejected" in caption


def _caption(made: object) -> str:
    assert made is not None
    return made.caption  # type: ignore[attr-defined]


def test_a_cell_without_a_finite_kl_has_its_curves() -> None:
    # Warnings are errors here: an axis with the margin alone on it must still have a height.
    made = synthetic.results(3)
    made.epochs["kl"] = np.inf
    (cell,) = cells_of(made)
    assert "3" in losses.kl_of_all(cell, "fig-y").caption
