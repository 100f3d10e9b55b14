from __future__ import annotations

import base64
import hashlib
import io
import itertools
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from gan_eval.pages.picture import undrawn
from gan_eval.report import render, write
from gan_eval.report.cells import cells_of
from gan_eval.report.lead import leading
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic
from .elements import Element, parse
from .generators import synthetic as outside

HOSTILE = "<script>alert(1)</script>\"'\n{{ 7*7 }}\u202e$x$ &amp; --></style>" + "y" * 10_000


def _grid() -> Results:
    made = synthetic.results(
        8,
        configs={
            "plain": TrainingConfig(),
            "saturating": TrainingConfig(generator_loss="saturating"),
        },
        where=(("pytorch", "cpu"), ("jax", "cpu")),
        planned=64,
        finished=32,
        interrupted=True,
        failures=[{"configuration": "plain", "backend": "jax", "seeds": [1], "message": "no"}],
    )
    synthetic.spoil(made.rows, 1, "failed")
    synthetic.spoil(made.rows, 2, "diverged")
    return made


def _hostile() -> Results:
    made = synthetic.results(2, name=HOSTILE, command=HOSTILE, created=HOSTILE)
    made.provenance["environments"]["0a1b2c3d"]["processor"] = HOSTILE
    # JSON can hold a lone surrogate.
    made.provenance["failures"] = [{"message": HOSTILE + "\ud800", "backend": HOSTILE}]
    made.rows["backend"] = HOSTILE
    made.rows.loc[0, "device"] = HOSTILE + "\x00"
    return made


def _all_diverged() -> Results:
    made = synthetic.results(3)
    for position in range(3):
        synthetic.spoil(made.rows, position, "diverged")
    made.epochs.loc[made.epochs["epoch"] > 0, "kl"] = np.nan
    return made


PAGES = {
    "one": lambda: synthetic.results(12),
    "single": lambda: synthetic.results(1),
    "grid": _grid,
    "none": synthetic.without_replicates,
    "hostile": _hostile,
    "diverged": _all_diverged,
    "ring": outside.results,
    "ring failed": outside.all_failed,
    "ring hostile": lambda: outside.hostile(HOSTILE),
}


@cache
def page(name: str) -> str:
    return render(PAGES[name]())


@cache
def tree(name: str) -> Element:
    return parse(page(name))


every_page = pytest.mark.parametrize("name", PAGES)


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
def test_the_data_of_every_figure_are_one_click_away(name: str) -> None:
    for figure in tree(name).all("figure"):
        (link,) = [a for a in figure.all("a") if "download" in a.attributes]
        assert link.attributes["download"] == f"{figure.attributes['id']}.csv"
        table = pd.read_csv(io.StringIO(unquote(link.attributes["href"].split(",", 1)[1])))
        assert len(table.columns) > 1


def test_the_csv_of_a_figure_has_what_is_drawn() -> None:
    rows = synthetic.results(12).rows
    (link,) = [a for a in tree("one").all("a") if a.attributes.get("download") == "fig-kl.csv"]
    table = pd.read_csv(io.StringIO(unquote(link.attributes["href"].split(",", 1)[1])))
    assert list(table) == ["cell", "seed", "verdict", "kl"]
    assert set(table["cell"]) == {"made up"}
    drawn = table.set_index("seed")["kl"].sort_index()
    np.testing.assert_allclose(drawn, rows.set_index("seed")["kl"], rtol=1e-5)


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


def test_sections_stand_in_order_with_anchors_and_details_are_folded() -> None:
    sections = [e for e in tree("one").all("section") if "id" in e.attributes]
    open_, folded = (
        [e.attributes["id"] for e in sections if ("folded" in e.attributes.get("class", "")) is f]
        for f in (False, True)
    )
    assert open_ == ["losses", "epochs", "spread", "samples"]
    assert folded == [
        *("verdicts", "moments", "samples-more", "losses-more", "tests", "critic"),
        *("speed", "distances", "replicates", "environment", "reproduce", "glossary"),
    ]
    links = [a.attributes["href"] for a in next(tree("one").all("nav")).all("a")]
    assert links == [f"#{name}" for name in [*open_, *folded[:-1]]]
    anchors = [a for a in tree("one").all("a") if a.attributes.get("class") == "anchor"]
    assert [a.attributes["href"] for a in anchors] == [f"#{name}" for name in open_]
    assert all(a.attributes["aria-label"].startswith("Link to this section") for a in anchors)


def _first(name: str) -> Element:
    return next(
        e for e in tree(name).all("section") if e.attributes.get("aria-labelledby") == "answer"
    )


@pytest.mark.parametrize("name", ["one", "single", "grid", "none", "diverged", "hostile"])
def test_the_first_screen_has_the_answer_that_the_command_line_gives(name: str) -> None:
    made = PAGES[name]()
    (said,) = [e.text for e in _first(name).all("h2")]
    assert said == " ".join(made.answer().split())


@pytest.mark.parametrize("name", ["one", "single", "grid", "diverged"])
def test_the_first_screen_has_cards_a_picture_and_what_to_do(name: str) -> None:
    lists = {e.attributes.get("class"): e for e in _first(name).all("ul")}
    assert 3 <= len(list(lists["cards"].all("li"))) <= 5
    pictures = [e.attributes["id"] for e in _first(name).all("figure")]
    expected = {"diverged": [], "grid": ["fig-axes"]}
    assert pictures == expected.get(name, ["fig-learned"])
    (steps,) = [e for e in _first(name).all("div") if e.attributes.get("class") == "next"]
    assert "gan-eval run" in steps.text


def test_the_study_s_first_configuration_leads_on_the_backend_with_most_trainings() -> None:
    made = synthetic.results(
        4, configs={"b": TrainingConfig(epochs=2), "a": TrainingConfig(epochs=3)}
    )
    more = synthetic.results(
        9, configs={"b": TrainingConfig(epochs=2)}, where=(("fused_cpu", "cpu"),)
    )
    rows = pd.concat([made.rows, more.rows], ignore_index=True)
    cells = cells_of(Results(rows.sort_values("configuration"), made.epochs, made.provenance))
    found = leading(cells)
    assert (found.configuration, found.backend, found.replicates) == ("b", "fused_cpu", 9)


@pytest.mark.parametrize("replicates", [1, 2])
def test_nothing_is_called_typical_of_one_or_two_trainings(replicates: int) -> None:
    with undrawn():
        root = parse(render(synthetic.results(replicates)))
    (glossary,) = [e for e in root.all("section") if e.attributes.get("id") == "glossary"]
    prose = root.text.replace(glossary.text, "")
    assert not re.search(r"\b(typical|median)\b", prose)


def test_the_deceptive_training_is_shown_by_name() -> None:
    text = tree("one").text
    row = synthetic.results(12).rows.iloc[synthetic.DECEIVED_SEED]
    said = f"Seed {synthetic.DECEIVED_SEED} ended with losses 0.693 and 0.693, and"
    assert said in text
    assert f"Its covariance is [[{row['covariance_1_1']:.3g}" in text


def test_an_interrupted_grid_says_so() -> None:
    text = tree("grid").text
    assert "interrupted after 32 of 64 planned" in text
    assert "1 unit of work that failed" in text
    assert list(_labels(tree("grid"))) == [
        f"{name} · {backend} on cpu" for name in ("plain", "saturating") for backend in BACKENDS
    ]


BACKENDS = ("pytorch", "jax")


def _labels(root: Element) -> dict[str, None]:
    """The cells of the table of verdicts."""
    (table,) = [t for t in root.all("table") if "diverged" in next(t.all("thead")).text]
    return {row.children[0].text: None for row in next(table.all("tbody")).all("tr")}


def test_no_rows_make_a_page_that_says_so() -> None:
    text = tree("none").text
    assert "interrupted after 0 of 40 planned" in text
    assert "gan-eval run" in text


def test_a_study_of_failures_says_what_failed() -> None:
    none = synthetic.without_replicates()
    failure = {"configuration": "c", "backend": "b", "device": "cpu", "seeds": [0, 1]}
    given = {"interrupted": False, "failures": [failure | {"message": "out of memory"}]}
    root = parse(render(Results(none.rows, none.epochs, none.provenance | given)))
    first = next(e for e in root.all("section"))
    assert "out of memory" in first.text
    assert "Environment" in first.text


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


def test_missing_provenance_is_no_error() -> None:
    made = synthetic.results(2)
    bare = {"study": {}, "environments": {}}
    text = parse(render(Results(made.rows, made.epochs.iloc[:0], bare))).text
    assert "No epochs are stored." in text
    assert "are not stored, so its samples cannot be redrawn" in text


def test_rows_without_a_label_are_named_by_the_provenance() -> None:
    made = synthetic.results(2)
    rows = made.rows.drop(columns="configuration")
    epochs = made.epochs.drop(columns="configuration")
    assert "made up" in tree("one").text
    named, unnamed = (
        render(found).partition('<script type="application/json" id="data"')[0]
        for found in (made, Results(rows, epochs, made.provenance))
    )
    assert named == unnamed


def test_the_same_results_give_the_same_bytes_also_from_the_folder(tmp_path: Path) -> None:
    made = PAGES["one"]()
    assert render(made) == page("one")
    made.save(tmp_path)
    assert render(Results.load(tmp_path)) == page("one")


def test_results_are_left_as_they_were() -> None:
    made, same = _all_diverged(), _all_diverged()
    render(made)
    pd.testing.assert_frame_equal(made.rows, same.rows)
    pd.testing.assert_frame_equal(made.epochs, same.epochs)


def test_write_leaves_one_whole_file_or_one_sentence(tmp_path: Path) -> None:
    none = synthetic.without_replicates()
    write(none, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page("none")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    write(none, tmp_path / "new" / "folder" / "report.html")
    assert (tmp_path / "new" / "folder" / "report.html").exists()
    with pytest.raises(UsageError, match="cannot be written"):
        write(none, tmp_path / "report.html" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        write(none, tmp_path / "folder")
    assert not list(tmp_path.glob(".*"))


def test_importing_the_report_loads_no_framework() -> None:
    code = "import gan_eval.report, sys; print(sorted({'torch', 'jax'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.strip() == "[]"


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
