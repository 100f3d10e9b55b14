"""The languages of pages: the catalogues are whole and up to date, and a page speaks one."""

from __future__ import annotations

import gettext
import re
from io import BytesIO
from string import Formatter

import pytest

from gan_eval.pages import glossary
from gan_eval.pages.blocks import Answer, Card, Paragraph, Section, Step
from gan_eval.pages.language import ENGLISH, N_, _, language, n_, speaking
from gan_eval.pages.language import languages as offered
from gan_eval.pages.numbers import interval, percents
from gan_eval.pages.page import fill
from gan_eval.runtime.errors import UsageError

from . import catalogues
from .catalogues import catalogue, extracted, forms, languages, path_of

STALE = "run `tox run -e translate`, and translate what is new"


def placeholders(text: str) -> list[str]:
    return sorted(str(name) for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_the_template_has_the_texts_of_the_code() -> None:
    assert catalogues.TEMPLATE.read_bytes() == catalogues.written(extracted(), header=False), STALE


@pytest.mark.parametrize("name", languages())
def test_a_catalogue_has_the_texts_of_the_code(name: str) -> None:
    now = catalogues.written(catalogues.updated(name), header=True)
    assert path_of(name).read_bytes() == now, STALE


@pytest.mark.parametrize("name", languages())
def test_what_gettext_reads_is_compiled_from_the_catalogue(name: str) -> None:
    with path_of(name).with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    right = gettext.GNUTranslations(BytesIO(catalogues.compiled(catalogue(name))))
    both = [dict(one._catalog) for one in (read, right)]  # type: ignore[attr-defined]
    for texts in both:
        del texts[""]  # its head, with the version of who wrote it
    assert both[0] == both[1], STALE


@pytest.mark.parametrize("name", languages())
def test_a_translation_is_filled_with_what_the_text_is(name: str) -> None:
    """Every placeholder, no other; all forms of a number, and the blanks at its ends."""
    for message in catalogue(name):
        translated = forms(message.string)
        if not message.id or not any(translated):
            continue
        texts = forms(message.id)
        assert len(translated) == (catalogue(name).num_plurals if len(texts) > 1 else 1)
        allowed = {name for text in texts for name in placeholders(text)}
        for text in translated:
            assert set(placeholders(text)) <= allowed, message.id
            assert re.findall(r"^ | $", text) == re.findall(r"^ | $", texts[0]), message.id
            assert text.count("`") == texts[0].count("`"), message.id
        assert placeholders(translated[-1]) == placeholders(texts[-1]), message.id


@pytest.mark.parametrize("name", languages())
def test_nearly_all_is_translated(name: str) -> None:
    texts = [message for message in catalogue(name) if message.id]
    left = [message.id for message in texts if not all(forms(message.string))]
    assert len(left) <= 0.1 * len(texts), left


def test_languages_are_spoken_within_a_block_only() -> None:
    assert (language(), _("Why"), offered()) == (ENGLISH, "Why", [ENGLISH, *languages()])
    with speaking("tr"):
        assert (language(), _("Why"), _("No such text."), _("")) == (
            "tr",
            "Neden",
            "No such text.",
            "",
        )
        with speaking(ENGLISH):
            assert _("Why") == "Why"
        assert n_(
            "{count} more is left out here.", "{count} more are left out here.", 2
        ).startswith("{count} tane")
    assert (language(), _("Why"), N_("Why")) == (ENGLISH, "Why", "Why")


@pytest.mark.parametrize("name", ["xx", "", "../tr", "TR"])
def test_a_language_without_a_catalogue_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="`language`"), speaking(name):
        pass


def test_numbers_stay_as_they_are() -> None:
    english = [interval(0.1, 12.5), percents(0.2, 0.4)]
    with speaking("tr"):
        turkish = [interval(0.1, 12.5), percents(0.2, 0.4)]
    assert [re.findall(r"\d[\d.]*", text) for text in english] == [
        re.findall(r"\d[\d.]*", text) for text in turkish
    ]


def test_a_page_is_written_in_its_language_its_words_explained_in_it() -> None:
    def page(sentence: str) -> str:
        answer = Answer(sentence, cards=[Card("a", "b", "c")], next_steps=[Step("d")])
        sections = [Section("one", "One", [Paragraph(sentence)])]
        return fill(title="t", name="n", question="q", answer=answer, sections=sections)

    with speaking("tr"):
        text = page("Üreticinin öğrendiği dağılım: ortancası şu.")
    assert '<html lang="tr">' in text
    assert _terms(text) == ["ortanca", "üretici"]
    assert "Bundan sonra ne yapmalı" in text
    assert "What to do next" not in text
    assert '"Sort by": "S\\u0131rala"' in text
    assert _terms(page("The generators’ median.")) == ["generator", "median"]


def _terms(page: str) -> list[str]:
    return re.findall(r"<dt>([^<]*)</dt>", page.partition('<dl class="words">')[2])


def test_no_two_terms_are_translated_alike() -> None:
    for name in offered():
        with speaking(name):
            assert len({_(term) for term in glossary.TERMS}) == len(glossary.TERMS)
