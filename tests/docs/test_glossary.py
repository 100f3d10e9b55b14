"""docs/glossary.md: a term has one entry, and the names that it gives exist."""

from __future__ import annotations

import re

import gan_eval
from gan_eval.judging.judge import judge

from .pages import table_rows, text

ENTRIES = [row for row in table_rows(text("glossary")) if row[0] not in ("term", "---")]


def test_a_term_has_one_entry_and_terms_in_italics_have_one() -> None:
    terms = [term for term, _, _ in ENTRIES]
    assert len(set(terms)) == len(terms)
    referred = {
        word
        for _, meaning, _ in ENTRIES
        for word in re.findall(r"(?<!\*)\*([\w ]+)\*(?!\*)", meaning)
    }
    assert referred <= {*terms, *(f"{term}s" for term in terms)}


def test_the_columns_are_those_of_the_rows() -> None:
    gans = gan_eval.backend("fused_cpu").train(gan_eval.TrainingConfig(epochs=1), [0])
    there = {*judge(gans, permutations=0), "configuration"}
    named = {
        column
        for _, _, where in ENTRIES
        for columns in re.findall(r"columns? ((?:`\w+`(?: \(.*?\))?(?:, )?)+)", where)
        for column in re.findall(r"`(\w+)`", columns)
    }
    assert {"seed", "verdict", "margin"} <= named <= there | {"_pvalue"}
