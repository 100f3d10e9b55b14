"""What the page carries: numbers come back to a step of their scale, texts are the summary's."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.investigations.lab import Lab, embedded, marks
from gan_eval.judging.answer import headline
from gan_eval.pages.canvas import PlotBox
from gan_eval.pages.numbers import number, percent


def test_numbers_come_back_to_a_step_of_their_scale() -> None:
    scale = embedded.Scale(-5, 5)
    values = np.array([-5, -1.234, 0, 3.21, 5])
    np.testing.assert_allclose(scale.values(scale.codes(values)), values, atol=5 / 4094)
    assert scale.values(scale.codes(np.array([np.inf, 9, -9]))).tolist() == [5, 5, -5]
    assert np.isnan(scale.values(scale.codes(np.array([np.nan]))))[0]


def test_a_text_of_steps_is_two_letters_each() -> None:
    text = embedded.text_of(np.array([[0, 65], [4095, 1]]))
    assert text == "AABB__AB"


def test_the_root_of_a_covariance_gives_it_back() -> None:
    laws = np.array([[1.0, 2.0, 4.0, 3.0, 9.0], [0.0, 0.0, 0.0, 0.0, 1.0]])
    x, y, a, b, c = embedded.roots(laws).T
    np.testing.assert_allclose([x, y, a * a, a * b, b * b + c * c], laws.T, atol=1e-12)


def test_marks_are_the_traces(small: Lab) -> None:
    for place in (small.settings.chapter, small.best):
        there, traces = marks.Marks.of(small, place), small.traces
        np.testing.assert_allclose(there.kl.T, np.log10(traces.kl[place]), atol=0.002)
        np.testing.assert_allclose(there.losses.T, traces.losses[place], atol=0.002)
        roots = embedded.roots(traces.laws[place])
        np.testing.assert_allclose(there.laws, roots, atol=0.002, rtol=0.002)
        counts = small.cells.iloc[place][["converged", "near"]].astype(int).tolist()
        assert [there.kinds.count(kind) for kind in ("converged", "near")] == counts


def test_texts_are_those_of_the_summary(small: Lab) -> None:
    carried = embedded.payload(small)
    for place in range(small.settings.places):
        cell = small.cells.iloc[place]
        verdicts, share, _, kl, _, worth, _ = carried["rows"][place].split("|")
        assert sum(map(int, verdicts.split("."))) == small.settings.replicates
        assert (share, kl) == (percent(cell["converged_share"]), number(cell["kl"], 2))
        assert worth == number(cell["worth_kl"], 2)
        head, tail = carried["headlines"][place]
        said = "; ".join(filter(None, [carried["heads"][head], carried["tails"][tail]]))
        assert said == headline(cell, 1000)


def test_an_outline_is_the_ellipse_of_the_law() -> None:
    box = PlotBox(0, 0, 1, 1, across=(10.0, 2.0), up=(20.0, -3.0))
    a, b, c = 2.0, 1.0, 0.5
    path = marks.law([1.0, -1.0, a, b, c], box)
    assert path.startswith("M")
    assert path.endswith("Z")
    places = np.array([pair.split() for pair in path[1:-1].split("L")], dtype=float)
    law = Gaussian(np.array([1.0, -1.0]), np.array([[a, b], [0.0, c]]))
    expected = ellipse(law, points=61)[:-1] * [2, -3] + [10, 20]
    np.testing.assert_allclose(places, expected, atol=0.06)
    assert marks.law([np.nan, 0, 1, 0, 1], box) == ""


def test_the_strip_has_the_ends(small: Lab) -> None:
    final = np.arange(200.0)
    drawn = embedded.strip(final)
    assert (drawn.size, drawn[0], drawn[-1]) == (embedded.STRIP, 0, 199)
    assert embedded.strip(final[:20]).tolist() == final[:20].tolist()


@pytest.mark.parametrize("text", ["</script>", "<!--"])
def test_json_in_the_page_ends_no_script(text: str) -> None:
    assert "<" not in embedded.script_json({"x": text})
