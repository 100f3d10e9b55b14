"""The markup of every page: nothing is fetched or obeyed, and all can be read by everyone."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import re
from urllib.parse import unquote

import pandas as pd
import pytest

from .elements import parse
from .example_pages import every_page, page, tree


@every_page
def test_headings_descend_one_step_at_a_time(name: str) -> None:
    levels = [int(e.tag[1]) for e in tree(name).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(e.text for e in tree(name).all("h1", "h2", "h3", "h4"))


@every_page
def test_the_page_fetches_nothing(name: str) -> None:
    for element in tree(name).all():
        assert element.tag not in {"link", "img", "iframe", "object", "base"}
        assert not any(a.startswith("on") for a in element.attributes)
        saved = element.attributes.get("href", "").startswith("data:text/csv;charset=utf-8,")
        assert saved == ("download" in element.attributes)
        for attribute in ("src", "href", "action", "srcset"):
            assert saved or element.attributes.get(attribute, "#").startswith("#")
        assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", str(element.attributes))
    style = next(tree(name).all("style")).text
    assert "url(" not in style
    assert "@import" not in style


@every_page
def test_one_script_runs_and_no_other_may(name: str) -> None:
    scripts = list(tree(name).all("script"))
    assert all(e.attributes["type"] == "application/json" for e in scripts[:-1])
    assert all("src" not in e.attributes for e in scripts)
    assert scripts[-1].attributes == {}
    assert next(e for e in tree(name).all("body")).children[-1] is scripts[-1]
    (text,) = re.findall(r"<script>(.*?)</script>", page(name), re.S)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    (policy,) = [e for e in tree(name).all("meta") if "http-equiv" in e.attributes]
    assert policy.attributes["content"].split("; ") == [
        *("default-src 'none'", "style-src 'unsafe-inline'", f"script-src 'sha256-{digest}'"),
        *("base-uri 'none'", "form-action 'none'"),
    ]


@every_page
def test_ids_are_unique_and_every_reference_has_its_target(name: str) -> None:
    ids = [e.attributes["id"] for e in tree(name).all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in tree(name).all():
        wanted = element.attributes.get("aria-labelledby", "").split()
        if "href" in element.attributes:
            href = element.attributes["href"]
            wanted += [href[1:]] if href.startswith("#") else []
        assert set(wanted) <= set(ids)


@every_page
def test_figures_and_tables_speak(name: str) -> None:
    for figure in tree(name).all("figure"):
        svg = next(figure.all("svg"))
        assert svg.attributes["role"] == "img"
        assert next(svg.all("title")).text
        assert next(svg.all("desc")).text
        assert next(figure.all("figcaption")).text
    for table in tree(name).all("table"):
        assert table.children[0].tag == "caption"
        assert table.children[0].text
        assert all(e.attributes["scope"] in {"col", "row"} for e in table.all("th"))
        width = len(list(next(table.all("thead")).all("th")))
        for row in next(table.all("tbody")).all("tr"):
            assert len(row.children) == width
            assert row.children[0].tag == "th"
    for region in (e for e in tree(name).all() if e.attributes.get("role") == "region"):
        assert region.attributes["tabindex"] == "0"
        assert region.attributes["aria-label"]


@every_page
def test_nothing_is_left_unfilled(name: str) -> None:
    # The data are for machines, and say "inf" where there is one.
    shown = re.sub(r'<script type="application/json" id="data".*?</script>', "", page(name))
    text = next(parse(shown).all("body")).text
    assert not re.search(r"\bnan\b|\binf\b|None(?! of \d)|\[object|StrictUndefined|Markup", text)
    assert len(page(name).encode()) < 3_000_000


def test_the_page_says_its_language_and_has_a_way_past_the_head() -> None:
    root = tree("one")
    assert next(root.all("html")).attributes["lang"] == "en"
    assert next(root.all("title")).text == "made up: did the GAN learn the distribution?"
    first = next(root.all("a"))
    assert first.attributes == {"class": "skip", "href": "#main"}
    assert page("one").startswith("<!DOCTYPE html>")


def test_hostile_names_are_text() -> None:
    assert "<script>alert" not in page("hostile").lower()
    assert page("hostile").count("<script>") == 1
    assert "49" not in next(tree("hostile").all("title")).text
    assert page("hostile").count("</style>") == 1
    assert "&lt;script&gt;alert(1)" in page("hostile")
    page("hostile").encode("utf-8")


@every_page
def test_commands_in_sentences_are_code_and_nothing_is_obeyed(name: str) -> None:
    """Backticks mark code in the package's texts; a page shows none but those of hostile names."""
    for element in tree(name).all("p", "li", "caption", "summary", "figcaption", "dd"):
        assert name == "hostile" or "`" not in element.text
    for element in tree(name).all("p"):
        assert {child.tag for child in element.all()} <= {"p", "code", "bdi", "a", "strong"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_meet_wcag_aa(theme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", next(tree("none").all("style")).text)
    values = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    if theme == "dark":
        values |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1]))
    for name in ("ink", "muted", "accent"):
        assert min(_contrast(values[name], values[b]) for b in ("page", "surface")) >= 4.5
    assert _contrast(values["warn-ink"], values["warn"]) >= 4.5
    graphics = ("real", "learned", "loss-d", "loss-g", "converged", "near", "failed", "diverged")
    for name in graphics:
        assert _contrast(values[name], values["surface"]) >= 3


def _contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2.2 (definition of relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@every_page
def test_the_data_of_every_figure_are_one_click_away(name: str) -> None:
    for figure in tree(name).all("figure"):
        (link,) = [a for a in figure.all("a") if "download" in a.attributes]
        assert link.attributes["download"] == f"{figure.attributes['id']}.csv"
        table = pd.read_csv(io.StringIO(unquote(link.attributes["href"].split(",", 1)[1])))
        assert len(table.columns) > 1
