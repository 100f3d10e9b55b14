"""A report in another language: the same numbers, and `verify` reads them in that language."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from gan_eval.pages.language import speaking
from gan_eval.pages.picture import undrawn
from gan_eval.report import render
from gan_eval.report.sentence import sentence
from gan_eval.report.verification.verify import verify
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results

from ..cli.commands import gan_eval
from .synthetic import results

_DATA = re.compile(r'(?<=id="data" data-sha256=")\w*">(.*?)(?=</script>)', re.S)


@cache
def study() -> Results:
    return results(where=(("pytorch", "cpu"), ("fused_cpu", "cpu")))


@cache
def page(language: str) -> str:
    with undrawn(), speaking(language):
        return render(study())


def numbers(html: str) -> list[str]:
    """Those of the tables, in their order."""
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.S)
    return [digits for cell in cells for digits in re.findall(r"\d[\d.\u202f]*", cell)]


def test_the_headline_is_the_sentence_in_the_pages_language() -> None:
    assert '<html lang="en">' in page("en")
    assert '<html lang="tr">' in page("tr")
    with speaking("tr"):
        assert f'class="answer">{sentence(study())}</h2>' in page("tr")
    assert sentence(study()) not in page("tr")


def test_numbers_are_the_same_in_every_language() -> None:
    assert numbers(page("tr")) == numbers(page("en"))
    assert len(numbers(page("en"))) > 100


def test_the_first_screen_and_all_titles_are_translated() -> None:
    titles = re.findall(r"<h2[^>]*>([^<]*)", page("en"))
    turkish = re.findall(r"<h2[^>]*>([^<]*)", page("tr"))
    assert len(titles) == len(turkish) > 5
    assert not set(titles) & set(turkish)


@pytest.mark.parametrize("language", ["en", "tr"])
def test_a_page_is_verified_in_its_language(language: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(language), "utf-8")
    assert verify(path).passed
    other = "tr" if language == "en" else "en"
    path.write_text(page(language).replace(f'lang="{language}"', f'lang="{other}"', 1), "utf-8")
    assert not verify(path).passed


def test_a_language_that_is_not_known_here_is_said(tmp_path: Path) -> None:
    from gan_eval.report import embedded

    (found,) = _DATA.findall(page("tr"))
    changed = json.dumps(json.loads(found) | {"language": "xx"}, separators=(",", ":"))
    digest = embedded._digest(changed)
    path = tmp_path / "report.html"
    path.write_text(_DATA.sub(lambda _: f'{digest}">{changed}', page("tr")), "utf-8")
    with pytest.raises(UsageError, match="a language that is not known here, 'xx'"):
        verify(path)


def test_a_report_is_written_again_in_turkish(tmp_path: Path) -> None:
    study().save(tmp_path)
    printed = gan_eval("report", str(tmp_path), "--language", "tr").stdout
    with speaking("tr"):
        said = sentence(study())
    assert " ".join(printed.split()).endswith(" ".join(said.split()))
    assert '<html lang="tr">' in (tmp_path / "report.html").read_text("utf-8")
