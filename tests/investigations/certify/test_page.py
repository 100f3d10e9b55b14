"""The page of a certificate: made of its counts, whatever they are."""

from __future__ import annotations

import io
from dataclasses import replace
from urllib.parse import unquote

import pandas as pd
import pytest

from gan_eval.investigations.certify import page, tables, words
from gan_eval.investigations.certify.figures import sizes
from gan_eval.investigations.certify.result import Certificate, shipped
from gan_eval.pages.numbers import percent, percents
from gan_eval.pages.picture import undrawn


def broken(certificate: Certificate) -> Certificate:
    """The same with one case that rejects far too often."""
    case = certificate.sizes[0]
    counts = replace(case.counts, rejections=tuple(3 * k for k in case.counts.rejections))
    return replace(
        certificate, sizes=(replace(case, first=counts, second=None), *certificate.sizes[1:])
    )


def silent(certificate: Certificate) -> Certificate:
    """The same of one test that never rejects, and whose power is not known."""
    case = next(c for c in certificate.sizes if c.claim != "exact")
    counts = replace(case.counts, rejections=(0, 0, 0))
    name = case.test
    return replace(
        certificate,
        tests={name: certificate.tests[name]},
        sizes=(replace(case, first=counts, second=None),),
        power=(),
        means=(),
    )


def test_the_headline_has_the_answer_and_the_range_of_sizes() -> None:
    certificate = shipped()
    assert certificate.passed
    headline = words.headline(certificate)
    assert headline.startswith("Yes")
    assert f"{len(certificate.tests)} of {len(certificate.tests)}" in headline
    low, high = words.sizes(certificate, 0.05)
    every = [case.sizes[1] for case in certificate.sizes]
    assert (low, high) == (min(every), max(every))
    allowed = words.allowed(certificate, 0.05)
    assert high <= allowed[1]


def test_a_fault_is_a_no_that_names_it() -> None:
    certificate = broken(shipped())
    headline = words.headline(certificate)
    assert headline.startswith("No")
    worst = certificate.sizes[0]
    assert "1 of 6 tests" in headline
    assert certificate.tests[worst.test].words in headline
    assert percent(worst.sizes[1]) in headline
    assert percents(*worst.bands[1]) in headline
    assert any(certificate.faults[0] in sentence for _, sentence in words.answer(certificate))
    with undrawn():
        assert "Do not use" in page.render(certificate)


def test_a_fault_of_power_alone_is_quoted() -> None:
    certificate = shipped()
    place, curve = next(
        (k, c)
        for k, c in enumerate(certificate.power)
        if c.test in certificate.tests and c.path in certificate.tests[c.test].sees
    )
    flat = replace(curve, rejections=tuple(reversed(curve.rejections)))
    power = (*certificate.power[:place], flat, *certificate.power[place + 1 :])
    some = replace(certificate, power=power)
    headline = words.headline(some)
    assert headline.startswith("No: 1 of 6 tests")
    assert some.faults[0] in headline


def test_a_test_that_never_rejects_is_not_told() -> None:
    certificate = silent(shipped())
    assert certificate.passed is None
    assert words.headline(certificate).startswith("Could not tell")
    assert 'id="fig-sizes"' in page.render(certificate)


@pytest.mark.parametrize("make", [lambda c: c, broken, silent])
def test_the_cards_are_three_to_five(make) -> None:
    certificate = make(shipped())
    found = page.cards(certificate)
    assert 3 <= len(found) <= 5
    good = sum(case.passed for case in certificate.sizes)
    assert found[0].value == f"{good} of {len(certificate.sizes)}"


def test_the_picture_of_sizes_has_every_case() -> None:
    certificate = shipped()
    picture = sizes(certificate)
    assert picture.csv is not None
    data = pd.read_csv(io.StringIO(unquote(picture.csv)))
    expected = [case.counts.rejections[1] / case.counts.repetitions for case in certificate.sizes]
    assert data["size"].tolist() == pytest.approx(expected, rel=1e-5)
    assert data["test"].tolist() == [case.test for case in certificate.sizes]


def test_the_table_of_power_has_a_row_a_test_and_a_column_a_path() -> None:
    certificate = shipped()
    table = tables.told_apart(certificate)
    assert len(table.rows) == 1 + len(certificate.tests)
    assert {len(row) for row in table.rows} == {len(table.head)} == {1 + len(certificate.paths)}
