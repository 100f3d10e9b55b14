"""What the page of outside generators says is what its rows say, and nothing that they do not."""

from __future__ import annotations

import io
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_eval.pages.numbers import number
from gan_eval.pages.picture import undrawn
from gan_eval.report import render, write
from gan_eval.report.generators.entrants import BASELINES
from gan_eval.report.verification.verify import verify
from gan_eval.study.results.results import Results

from ..elements import Element, parse
from . import synthetic


@cache
def made() -> Results:
    return synthetic.results()


@cache
def root() -> Element:
    return parse(render(made()))


def without_pictures(results: Results) -> Element:
    with undrawn():
        return parse(render(results))


def table(page: Element, caption: str) -> dict[str, dict[str, str]]:
    """The entries of a table by row and column."""
    (found,) = [t for t in page.all("table") if t.children[0].text.startswith(caption)]
    head = [e.text for e in next(found.all("thead")).all("th")]
    rows = next(found.all("tbody")).all("tr")
    return {
        row.children[0].text: dict(zip(head, (e.text for e in row.children), strict=True))
        for row in rows
    }


def section(page: Element, identity: str) -> Element | None:
    found = [e for e in page.all("section") if e.attributes.get("id") == identity]
    return found[0] if found else None


@pytest.mark.parametrize("name", ["RingGAN", "gaussian_fit", "bootstrap", "real_rows"])
def test_the_table_of_entrants_has_the_numbers_of_the_rows(name: str) -> None:
    rows = made().rows
    listed = table(root(), "Entrants side by side")
    for label, cell in rows[rows["backend"] == name].groupby("configuration"):
        entry = listed[f"{name} · {label}" if name == "RingGAN" else name]
        assert entry["trainings"] == str(len(cell))
        for verdict in ("converged", "near", "failed", "could not tell", "no result"):
            found = (cell["verdict"] == verdict.replace(" ", "_")).sum()
            assert entry[verdict] == str(found)
        share = stats.binomtest(int((cell["verdict"] == "converged").sum()), len(cell))
        low, high = share.proportion_ci(method="exact")
        shown = entry["share converged"]
        assert shown.startswith(f"{100 * share.statistic:.0f} %")
        assert f"{100 * low:.0f} to {100 * high:.0f} %" in shown
        # No result is worth nothing: it is not left out of the median.
        size = np.median(cell["worth_energy"].fillna(0.0))
        shown = entry["worth by energy distance, real rows"]
        assert float(shown.split(" ")[0]) == pytest.approx(size, rel=5e-3)
        assert shown.endswith("sampled")


def test_the_headline_counts_trainings_by_setting() -> None:
    said = next(root().all("h2")).text
    assert "0 of 10 trainings" in said
    assert "8 of 10 trainings (44 to 97 %; 1 could not be told)" in said
    assert said.startswith("RingGAN learned ring8 in")
    one = next(without_pictures(synthetic.one_setting()).all("h2")).text
    rows = synthetic.one_setting().rows
    middle = rows.loc[rows["backend"] == "RingGAN", "worth_energy"].median()
    assert one == (
        "RingGAN learned ring8 in 8 of 10 trainings (44 to 97 %; 1 could not be told), but 2 of "
        f"these 8 lack a mode; the typical one is worth {number(middle, 2)} real rows of 1000."
    )


def test_the_headline_says_first_that_most_could_not_be_told() -> None:
    made = synthetic.one_setting()
    rows = made.rows.copy()
    own = rows["backend"] == "RingGAN"
    rows.loc[own & (rows["seed"] > 2), "verdict"] = "could_not_tell"
    rows.loc[own, "copies_verdict"], rows.loc[own, "copies_pvalue"] = "copies", 0.001
    one = next(without_pictures(Results(rows, made.epochs, made.provenance)).all("h2")).text
    unknown = int((own & rows["verdict"].eq("could_not_tell")).sum())
    learned = int((own & rows["verdict"].eq("converged")).sum())
    lacking = rows[own & rows["verdict"].eq("converged")]["modes_lost"].ne("").sum()
    assert one.startswith(f"Whether RingGAN learned ring8 could not be told in {unknown} of 10")
    assert f"; {learned} learned it (" in one
    assert f"{lacking} of these {learned} lack" in one
    assert f"{learned} copy training rows" in one


def test_the_copier_is_called_one_and_no_one_else_is() -> None:
    rows = table(root(), "The rows themselves")
    assert {name: row["copies"] for name, row in rows.items()} == {
        "RingGAN · width = 16": "0",
        "RingGAN · width = 64": "0",
        "gaussian_fit": "0",
        "bootstrap": "10",
        "real_rows": "0",
    }
    answer = next(root().all("section")).text
    assert "(a copier in 10 of 10 trainings)" in answer
    assert answer.count("copier") == 1
    told = section(root(), "told")
    assert told is not None
    assert told.text.count("It is a copier: in 10 of 10 trainings") == 1


def test_every_failure_stands_with_its_sentence() -> None:
    rows = made().rows
    lost = rows.loc[rows["failure"] != ""]
    listed = section(root(), "failures")
    assert listed is not None
    entries = [[e.text for e in row.children] for row in list(listed.all("tr"))[1:]]
    assert [(int(seed), why) for _, seed, _, why in entries] == [
        (row["seed"], row["failure"].replace("`", "")) for _, row in lost.iterrows()
    ]
    assert section(without_pictures(synthetic.results(failures=False)), "failures") is None


def test_rejections_are_counted_over_the_trainings_that_were_tested() -> None:
    rows = made().rows
    cell = rows[rows["configuration"].eq("width = 16") & rows["backend"].eq("RingGAN")]
    known = cell["energy_pvalue"].dropna()
    entry = table(root(), "Share of trainings that each test")["RingGAN · width = 16"]
    assert entry["energy"].endswith(f"({(known <= 0.05).sum()} of {len(known)})")
    # Neighbours, copies and modes have p-values too; they are no tests of the battery.
    assert list(entry) == ["entrant", "MMD", "energy"]


def test_rows_that_were_not_measured_are_not_spoken_of() -> None:
    bare = ["configuration", "generator.width", "config_hash", "backend", "device", "seed"]
    bare += ["verdict", "margin", "near_margin", "yardstick", "failure", "worth_energy"]
    few = Results(made().rows[bare], made().epochs.iloc[:0], made().provenance)
    page = parse(render(few))
    for identity in ("tests", "modes", "checkpoints", "computed"):
        assert section(page, identity) is None
    text = next(page.all("main")).text
    for word in ("MMD", "copier in", "drops", "high-quality", "precision"):
        assert word not in text
    assert section(page, "samples") is not None
    assert "No generated rows are stored" in text


def test_a_study_without_own_rows_or_without_rows_has_a_page() -> None:
    rows = made().rows
    baselines = rows[rows["backend"] != "RingGAN"].reset_index(drop=True)
    page = without_pictures(Results(baselines, made().epochs.iloc[:0], made().provenance))
    assert "no generator" in next(page.all("h2")).text
    nothing = Results(pd.DataFrame(), pd.DataFrame(), made().provenance | {"finished": 0})
    assert "nothing to judge" in next(without_pictures(nothing).all("h2")).text


@pytest.mark.parametrize(
    ("identity", "columns"),
    [("fig-worth", ["entrant", "seed", "verdict", "worth_energy"]), ("fig-rows-1", ["kind"])],
)
def test_the_csv_of_a_figure_is_of_the_rows(identity: str, columns: list[str]) -> None:
    (link,) = [a for a in root().all("a") if a.attributes.get("download") == f"{identity}.csv"]
    found = pd.read_csv(io.StringIO(unquote(link.attributes["href"].split(",", 1)[1])))
    assert list(found)[: len(columns)] == columns
    if identity == "fig-worth":
        drawn = made().rows["worth_energy"].dropna()
        np.testing.assert_allclose(np.sort(found["worth_energy"]), np.sort(drawn), rtol=1e-5)
    else:
        assert found["kind"].value_counts().to_dict() == {"real": 300, "generated": 300}


def test_the_page_is_verified_and_a_changed_number_is_found(tmp_path: Path) -> None:
    path = write(made(), tmp_path / "report.html")
    found = verify(path)
    assert found.passed
    assert found.undrawn is None
    assert found.figures == 10
    html = path.read_text(encoding="utf-8")
    assert html.count("80\u202f% (44") == 2  # the first table, and the one of all numbers
    path.write_text(html.replace("80\u202f% (44", "90\u202f% (44", 1), encoding="utf-8")
    (wrong,) = verify(path).mismatches
    assert (wrong.says, wrong.should) == ("90\u202f", "80\u202f")
    assert "share converged" in wrong.where


def test_a_page_holds_the_points_of_the_entrants_that_are_drawn(tmp_path: Path) -> None:
    many = [made().rows[made().rows["backend"] != "RingGAN"]]
    for width in range(12):
        rows = made().rows[made().rows["configuration"] == "width = 64"].copy()
        rows["config_hash"], rows["configuration"] = f"{width:016x}", f"width = {width}"
        many.append(rows)
    results = Results(pd.concat(many, ignore_index=True), made().epochs.iloc[:0], {**facts()})
    path = write(results, tmp_path / "report.html")
    assert verify(path).passed
    page = parse(path.read_text(encoding="utf-8"))
    pictures = [e for e in page.all("figure") if e.attributes["id"].startswith("fig-rows-")]
    assert len(pictures) == 9
    assert "6 more entrants not drawn." in next(page.all("main")).text
    drawn = [figure.text for figure in pictures]
    for name in BASELINES:
        assert sum(f"{name}, seed" in text for text in drawn) == 1


def facts() -> dict:
    return {**made().provenance, "configurations": []}


def test_no_class_is_imported_to_report_or_verify(tmp_path: Path) -> None:
    made().save(tmp_path)
    assert made().provenance["study"]["generator"] == {"use": "ring_gan:RingGAN"}
    code = (
        "import sys, gan_eval.cli.app, gan_eval.report as r\n"
        "from gan_eval.report.verification.verify import verify\n"
        "from gan_eval.study.results.results import Results\n"
        f"found = Results.load({str(tmp_path)!r})\n"
        f"assert verify(r.write(found, {str(tmp_path / 'report.html')!r})).passed\n"
        "assert not {'ring_gan', 'torch', 'jax'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_line_is_drawn_only_where_all_verdicts_rest_on_it() -> None:
    rows = made().rows.copy()
    fitted = rows["backend"] == "gaussian_fit"
    rows.loc[fitted, ["yardstick", "margin", "near_margin"]] = ["kl", 0.1, 0.5]
    mixed = parse(render(Results(rows, made().epochs, made().provenance)))
    (figure,) = [e for e in mixed.all("figure") if e.attributes["id"] == "fig-worth"]
    assert "dashed line" not in figure.text
    answer = next(mixed.all("section")).text
    assert "worth at least 100 real rows by energy distance" in answer
    assert "Of gaussian_fit, it counts where its KL divergence" in answer
    (figure,) = [e for e in root().all("figure") if e.attributes["id"] == "fig-worth"]
    assert "dashed line (100 real rows)" in figure.text
