"""The documentation is true: what exists is described, what is described is so, no link is dead."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel

from gan_eval.backends import backend
from gan_eval.cli import app
from gan_eval.config import Margins, TargetConfig, TrainingConfig
from gan_eval.draws import Stream
from gan_eval.errors import UsageError
from gan_eval.judge import VERDICTS, epochs, judge
from gan_eval.plan import FEW, MANY, Study
from gan_eval.trained import EpochEnd, TrainedGANs
from gan_eval.twosample import TestResult, energy_test, mmd_test

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NOTEBOOK = DOCS / "notebook.ipynb"
PROSE = [*PAGES, *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "reports/README"))]


def text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level = heading.split(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text(page), re.M | re.S
    )
    assert found, f"docs/{page}.md has no heading {heading!r}"
    return found[1]


def table_rows(markdown: str) -> Iterator[list[str]]:
    """The cells of each table's row."""
    for line in re.findall(r"^\|(.*)\|$", markdown, re.M):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]


def names_in(markdown: str) -> set[str]:
    """The names in backticks in the first cell of the tables' rows, options without metavars."""
    cells = (row[0] for row in table_rows(markdown))
    return {span.split(" ")[0] for cell in cells for span in re.findall(r"`([^`]+)`", cell)}


def code(page: str, language: str) -> list[str]:
    """The fenced blocks of a language, those in lists without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text(page), re.M | re.S)
    return [re.sub(rf"^{indent}", "", block, flags=re.M) for indent, block in found]


def run_code(source: str) -> str:
    """What a block of a page prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<docs>", "exec"), {})
    return printed.getvalue()


# --- Commands ---------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """Heading → the command behind it, the root included."""
    root: Any = typer.main.get_command(app)
    below = {f"## `gan-eval {name}`": command for name, command in root.commands.items()}
    return {"## `gan-eval`": root} | below


@pytest.mark.parametrize("heading", commands())
def test_every_option_and_argument_of_a_command_is_described_and_no_other(heading: str) -> None:
    parameters = commands()[heading].params
    existing = {max(p.opts, key=len) for p in parameters if p.param_type_name == "option"}
    # An argument is known to the user by its metavar.
    existing |= {p.metavar.strip("[]") for p in parameters if p.param_type_name == "argument"}
    described = names_in(section("commands", heading).split("\n### ")[0])
    assert described - {"--help"} == existing - {"--help"}


@pytest.mark.parametrize("heading", commands())
def test_a_default_in_the_commands_page_is_the_default(heading: str) -> None:
    rows = {
        row[0].strip("`").split(" ")[0]: row
        for row in table_rows(section("commands", heading))
        if row[0].startswith("`--")
    }
    for parameter in commands()[heading].params:
        default = parameter.default
        if parameter.param_type_name == "option" and isinstance(default, int | float | str):
            row = rows[max(parameter.opts, key=len)]
            if isinstance(default, bool):
                assert len(row) < 3 or row[1] == "off"
            else:
                assert row[1].strip("`") == str(default), row


def test_every_command_of_the_pages_examples_exists() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    used = set()
    for page in PROSE:
        used |= set(re.findall(r"^\$? ?gan-eval ([a-z]+)", page.read_text("utf-8"), re.M))
    assert used
    assert used <= known


def test_every_option_of_the_pages_examples_exists() -> None:
    """In the README as well: each `--option` behind a command is one that the command has."""
    existing = {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    checked = 0
    for page in [*PROSE, ROOT / "README.md", NOTEBOOK]:
        for line in re.findall(r"gan-eval ([a-z]+(?: [^`\n|]*)?)", page.read_text("utf-8")):
            command, *words = line.split()
            for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(words)):
                if command in existing:
                    assert option in existing[command], (page.name, line)
                    checked += 1
    assert checked > 50


# --- Configuration ----------------------------------------------------------------------------

MODELS: list[tuple[str, type[BaseModel]]] = [
    ("## A training", TrainingConfig),
    ("### The target", TargetConfig),
    ("## A study", Study),
    ("### The margins", Margins),
]


def fields_of(heading: str) -> dict[str, list[str]]:
    own = section("configuration", heading).split("\n### ")[0]
    return {row[0].strip("`"): row for row in table_rows(own) if row[0].startswith("`")}


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_every_field_is_described_and_no_other(heading: str, model: type[BaseModel]) -> None:
    assert set(fields_of(heading)) == set(model.model_fields)


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_a_default_in_the_configuration_page_is_the_default(
    heading: str, model: type[BaseModel]
) -> None:
    defaults = model().model_dump(mode="json")
    compared = 0
    for name, row in fields_of(heading).items():
        if row[2].startswith("`"):
            stated = tomllib.loads(f"value = {row[2].strip('`')}")["value"]
            assert stated == defaults[name], name
            compared += 1
    assert compared >= 2


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_a_limit_in_the_configuration_page_is_the_limit(
    heading: str, model: type[BaseModel]
) -> None:
    """Every inclusive bound that pydantic checks stands in the limits' cell."""
    for name, row in fields_of(heading).items():
        limits = row[3].replace(" ", "").replace("2⁶³−1", str(2**63 - 1))
        for bound in model.model_fields[name].metadata:
            for kind in ("ge", "le"):
                value = getattr(bound, kind, None)
                if value is not None:
                    assert re.search(rf"(?<!\d){re.escape(_plain(value))}(?!\d)", limits), (
                        name,
                        limits,
                    )


def _plain(value: float) -> str:
    return "1e30" if value == 1e30 else f"{value:g}" if value < 1e6 else str(int(value))


def test_the_pages_examples_of_configurations_are_usable() -> None:
    training, study = (tomllib.loads(block) for block in code("configuration", "toml"))
    assert TrainingConfig.parse(training).dimension == 3
    labels = list(Study.parse(study).configurations())
    assert len(labels) == 4
    assert all(f"`{label}`" in text("configuration") for label in labels)


def test_the_hash_of_the_chapters_configuration_is_as_stated() -> None:
    assert f"`{TrainingConfig().hash}`" in section("configuration", "### The hash")


# --- Measures ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained() -> TrainedGANs:
    return backend("pytorch").train(TrainingConfig(epochs=1, n_examples=32), [0])


def generic(column: str) -> str:
    """``mean_1`` → ``mean_i``, ``covariance_1_2`` → ``covariance_i_j``."""
    return re.sub(r"_\d+$", "_i", re.sub(r"_\d+_\d+$", "_i_j", column))


def test_every_column_of_the_rows_is_described_and_no_other(trained: TrainedGANs) -> None:
    columns = set(map(generic, judge(trained, permutations=0).columns.astype(str)))
    page = section("measures", "## `rows.csv`")
    twins = {name for name in re.findall(r"`(\w+)`", page) if name.endswith("_rows")}
    assert names_in(page) | twins == columns | {"configuration", "environment"}


def test_every_column_of_the_epochs_is_described_and_no_other(trained: TrainedGANs) -> None:
    columns = set(map(generic, epochs(trained).columns.astype(str)))
    described = names_in(section("measures", "## `epochs.csv`"))
    assert described == columns | {"environment"}


def test_every_verdict_is_described() -> None:
    page = section("measures", "### The verdict and its margins")
    assert all(f"`{verdict}`" in page for verdict in VERDICTS)


def test_every_stream_is_described_with_its_number() -> None:
    rows = list(table_rows(section("reproducibility", "## Draws")))
    stated = {row[0].strip("`"): int(row[1]) for row in rows if row[0].startswith("`")}
    assert stated == {stream.name: stream.value for stream in Stream}


# --- Two-sample tests -------------------------------------------------------------------------


def test_every_option_of_the_tests_is_described_with_its_default() -> None:
    rows = list(table_rows(section("tests", "## Input")))
    described = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    existing: dict[str, Any] = {}
    for function in (mmd_test, energy_test):
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                existing[name] = parameter.default
    assert set(described) == set(existing)
    for name, default in existing.items():
        assert described[name][2].strip('`"') == str(default)


def test_every_field_of_a_result_is_described() -> None:
    fields = set(TestResult.__dataclass_fields__)
    assert names_in(section("tests", "## The result")) == fields


def test_the_examples_of_the_tests_give_the_pvalues_that_they_state() -> None:
    first, misleading = code("tests", "python")
    (stated,) = code("tests", "text")
    without_seconds = re.compile(r", [\d.e-]+ s$", re.M)
    assert without_seconds.sub("", run_code(first)) == without_seconds.sub("", stated)
    said = re.findall(r"# ([\d.]+)$", misleading, re.M)
    assert len(said) == 2
    assert run_code(misleading).split() == said


# --- Backends ---------------------------------------------------------------------------------


@pytest.fixture
def moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's example, registered as its ``pyproject.toml`` says."""
    (module,), (project,) = code("backends", "python"), code("backends", "toml")
    settings = tomllib.loads(project)["project"]
    ((group, entries),) = settings["entry-points"].items()
    (tmp_path / "gan_eval_moments.py").write_text(module)
    metadata = tmp_path / "gan_eval_moments-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {settings['name']}\nVersion: {settings['version']}\n"
    )
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gan_eval_moments", raising=False)
    return backend("moments")


def test_the_example_backend_trains_and_is_judged(moments: Any) -> None:
    """The fit to 1000 rows has a KL of 0.0025 nats on average: 0.02 is out of its reach."""
    ends: list[EpochEnd] = []
    trained = moments.train(TrainingConfig(epochs=2), [0, 1, 2], "cpu", ends.append)
    rows = judge(trained, permutations=0)
    assert list(rows["verdict"]) == ["converged"] * 3
    assert max(rows["kl"]) < 0.02
    assert max(rows["kl_rows"]) < 1e-12
    assert [(end.seeds[0], end.epoch) for end in ends] == [(s, e) for s in range(3) for e in (1, 2)]
    assert len(epochs(trained)) == 9


def test_the_example_backend_refuses_as_the_page_says(moments: Any) -> None:
    with pytest.raises(UsageError) as refusal:
        moments.train(TrainingConfig(latent_size=3), [0])
    assert f"gan-eval: {refusal.value}\n" in text("backends")


def test_every_field_of_what_training_returns_is_described() -> None:
    page = section("backends", "## The protocol")
    assert set(TrainedGANs.__dataclass_fields__) <= names_in(page)


def test_the_number_of_seeds_of_the_main_job_is_as_stated() -> None:
    for page in ("index", "commands"):
        assert re.findall(r"from ([\d,]+)(?: seeds)", text(page))[:2] == [f"{MANY:,}", str(FEW)]


# --- All pages --------------------------------------------------------------------------------


def test_the_example_of_the_first_page_runs() -> None:
    (block,) = code("index", "python")
    assert "effective_sample_size" in run_code(block)


def named(page: Path) -> str:
    """A page by its path from where the documentation stands."""
    return page.relative_to(DOCS if DOCS in page.parents else ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown makes them."""
    without_code = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", without_code, re.M)
    bare = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading) for heading in bare}


@pytest.mark.parametrize("page", [*PROSE, ROOT / "README.md", NOTEBOOK], ids=named)
def test_no_relative_link_is_dead(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else page.parent / path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", [*PROSE, NOTEBOOK], ids=named)
def test_no_page_has_a_path_of_a_machine(page: Path) -> None:
    found = re.search(
        r"(?<![\w.])/(work|home|root|tmp|Users|opt|mnt|usr)\b", page.read_text("utf-8")
    )
    assert found is None, found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_opens_with_what_it_answers_and_is_in_the_navigation(page: Path) -> None:
    title, _, opening = page.read_text("utf-8").splitlines()[:3]
    assert title.startswith("# ")
    assert opening.startswith("This page answers: ")
    assert navigation().count(named(page)) == 1


def navigation() -> list[str]:
    """The pages of ``mkdocs.yml``, in its order."""
    lines = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    return re.findall(r"^ +- .+: (\S+\.md)$", lines, re.M)


def test_the_navigation_has_no_page_that_is_not_there() -> None:
    assert set(navigation()) == {named(page) for page in PAGES}
