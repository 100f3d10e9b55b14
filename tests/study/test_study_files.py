"""Study files of any content: each is planned, or refused in one sentence with status 2."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_eval.cli import main
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import unquoted
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan import ready
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import cells, units
from gan_eval.study.results.export import export
from gan_eval.study.results.results import Results, harmless_name
from gan_eval.study.run import execute
from gan_eval.training.backends.registry import Availability

from ..report.elements import parse
from .tables import no_drawing

FOUND = [
    Availability("fused_cpu", "installed", ("cpu",), "", 1024),
    Availability("pytorch", "installed", ("cpu",)),
]
SOURCES = [
    *(ready.text(name) for name in ready.names()),
    "[config]\ntarget = { A = [[1.0]], b = [2] }\n"
    '[grid]\n"target.b" = [[0], [1.5]]\nepochs = [1]\n',
]
PIECES = [
    *(
        "0",
        "-1",
        "1e400",
        "-0.0",
        "nan",
        "inf",
        "true",
        '""',
        "[]",
        "{}",
        "[[]]",
        "9" * 400,
        "1e-400",
    ),
    *(
        '"<script>alert(1)</script>"',
        '"\\u202e\\n\\t\\u0000"',
        '"' + "x" * 10_000 + '"',
        "2020-01-01",
    ),
    *("= ", "\n[grid]\n", "\n[[zip]]\n", "\n[targets.a]\n", "[", "]", '"', "'''", "#", ".", "\x00"),
    *("label = ['a', 'a']\n", "epochs = [1, 1]\n", '"target" = ["a"]\n', "name = 3\n", "\ud800"),
    *("replicates = 99999999999999999999\n", "first_seed = 9223372036854775807\n", "a.b.c = 1\n"),
]


def mutated(seed: int) -> str:
    """A ready study with one to four places cut, doubled, exchanged or replaced."""
    random_ = random.Random(seed)
    text = random_.choice(SOURCES)
    for _ in range(random_.randint(1, 4)):
        at, to = sorted(random_.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + random_.choice([0, 1, 3, 30]))
        piece = random_.choice([*PIECES, "", text[at:to] * 2])
        text = text[:at] + piece + text[to:]
    if random_.random() < 0.4:  # a whole value, so that more of them still parse
        lines = text.split("\n")
        at = random_.randrange(len(lines))
        key, equals, _ = lines[at].partition("=")
        if equals:
            lines[at] = f"{key}= {random_.choice(PIECES)}"
        text = "\n".join(lines)
    return text


def planned(path: Path) -> bool:
    """Whether a file is planned; if not, it was refused in a sentence, and by nothing else."""
    try:
        found = Study.read(path)
        assert units(cells(found.model_copy(update={"replicates": 3}), FOUND))
    except UsageError as error:
        sentence = str(error)
    else:
        name = harmless_name(found.name)
        assert 0 < len(name) <= 60
        assert Path(name).name == name
        return True
    assert 0 < len(sentence) < 1000
    return False


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.thorough)])
def test_mutated_files_are_planned_or_refused(count: int, tmp_path: Path) -> None:
    outcomes = [planned(write(tmp_path / "study.toml", mutated(seed))) for seed in range(count)]
    # Neither is rare, so that both are tested.
    assert 0.05 < sum(outcomes) / count < 0.95


def shrunk(settings_: dict[str, Any]) -> Study:
    """The same study with at most two settings an axis, two seeds, and an epoch of few rows."""
    small = {name: value for name, value in settings_.items() if name not in ("grid", "zip")}
    small |= {"replicates": 2, "tested": 1, "time_budget": "none", "n_evaluation": 20}
    small |= {"permutations": min(settings_.get("permutations", 19), 19)}
    axes = [{path: values} for path, values in settings_.get("grid", {}).items()]
    for axis in (cut := [few(axis) for axis in [*axes, *settings_.get("zip", [])]]):
        axis |= {"epochs": [1, 2][: len(axis["epochs"])]} if "epochs" in axis else {}
        axis |= {"n_examples": [64, 65][: len(axis["n_examples"])]} if "n_examples" in axis else {}
    varied = {path for axis in cut for path in axis}
    config = settings_.get("config", {}) | {"epochs": 1}
    small |= {"zip": cut, "config": {k: v for k, v in config.items() if k not in varied}}
    if "n_examples" not in varied:
        with contextlib.suppress(UsageError):  # unless a batch is larger
            return Study.parse(small | {"config": small["config"] | {"n_examples": 64}})
    return Study.parse(small)


def few(axis: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {path: list(values[:2]) for path, values in axis.items()}


@pytest.mark.parametrize("count", [4, pytest.param(32, marks=pytest.mark.thorough)])
def test_files_that_are_accepted_run_to_exported_rows(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of so many by the kernel and half by the loop."""
    monkeypatch.setattr(execute, "named", lambda _: FOUND)
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)
    file, seen = tmp_path / "study.toml", [tomllib.loads(source) for source in SOURCES]
    for seed in itertools.takewhile(lambda _: len(seen) < len(SOURCES) + count, itertools.count()):
        text = mutated(seed)
        if not planned(write(file, text)) or (found := tomllib.loads(text)) in seen:
            continue  # refused, or only its comments were changed
        seen.append(found)
        folder = tmp_path / str(seed)
        backend = ("fused_cpu", "pytorch")[len(seen) % 2]
        small = shrunk(found).model_copy(update={"backends": (backend,), "devices": None})
        results = execute.run(small, store=folder / LEDGER_FILE, workers=1)
        assert results.provenance["failures"] == [], text
        rows = export(folder, folder / "rows.csv")
        assert rows == results.provenance["planned"] == 2 * len(small.configurations()), text
        written = unquoted(pd.read_csv(folder / "rows.csv", keep_default_na=False))
        assert set(written["configuration"]) == set(small.configurations()), text


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from([*Study.model_fields, "epochs", "target", "target.b", "label"])


# The first text takes Hypothesis a table of all characters, which a slow machine makes slowly.
@settings(max_examples=300)
@given(st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=4))
def test_any_settings_are_planned_or_refused(found: dict) -> None:
    with contextlib.suppress(UsageError):  # and no other exception
        made = Study.parse(found)
        assert units(cells(made.model_copy(update={"replicates": 1}), FOUND))


HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" and 'quoted'; DROP TABLE rows; --",
    "two\nlines\rthree",
    "right\u202eto left\u200f",
    "[/red] [bold] ../../etc \x1b[31m",
    "x" * 200,
    "NA",
    "=1+1",
    "y" * 10_000,
]


def test_hostile_names_run_and_do_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = " ".join(HOSTILE[:5])
    file = tmp_path / "study.toml"
    file.write_text(
        f"name = {json.dumps(name)}\nreplicates = 2\npermutations = 0\n"
        'time_budget = "none"\nbackends = ["fused_cpu"]\n'
        "[config]\nn_examples = 16\nepochs = 1\n"
        f"[[zip]]\nlabel = {json.dumps(HOSTILE)}\nbatch_size = {list(range(1, 10))}\n",
        encoding="utf-8",
    )
    with contextlib.chdir(tmp_path), pytest.raises(SystemExit) as end:
        main(["run", str(file), "--workers", "1"])
    said = capsys.readouterr()
    assert end.value.code == 0, said.err
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name == harmless_name(name)
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("<script>") == 1
    assert "<script>alert" not in page
    facts = json.loads((folder / "study.json").read_text("utf-8"))
    assert facts["study"]["name"] == name
    assert [entry["label"] for entry in facts["configurations"]] == HOSTILE
    assert len(Results.load(folder).rows) == 18
    # No label breaks out of its element, and a long one is cut in figures and told in tables.
    read = parse(page)
    assert not list(read.all("img", "iframe", "object"))
    assert "<script>alert(1)</script>" in read.text
    with sqlite3.connect(folder / LEDGER_FILE) as ledger:
        assert ledger.execute("SELECT count(*) FROM replicates").fetchone() == (18,)
        (document,) = ledger.execute("SELECT document FROM runs").fetchone()
    labels = [part["label"] for part in json.loads(document)["wanted"]]
    assert set(labels) == set(HOSTILE)


@pytest.mark.parametrize(
    "settings_", ["name = '" + "y" * 10_000 + "'", "'" + "k" * 10_000 + "' = 1"]
)
def test_ten_thousand_characters_are_refused_in_a_short_sentence(
    settings_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "study.toml", settings_)
    with pytest.raises(SystemExit) as end:
        main(["run", str(file), "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert (stdout, len(stderr.splitlines())) == ("", 1)
    assert len(stderr) < 600
    assert not (tmp_path / "out").exists()


def test_what_a_terminal_would_obey_is_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "--set", "\x1b[31m\u202e=1", "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert capsys.readouterr().err.rstrip("\n").isprintable()
    assert not (tmp_path / "out").exists()


def test_a_ready_study_is_run_by_its_name_and_a_dry_run_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--set", "config.n_examples=16", "--set", "config.epochs=1", "--set", "tested=0"]
    with contextlib.chdir(tmp_path), pytest.raises(SystemExit) as end:
        main(["run", "dialects", "--dry-run", *small])
    assert end.value.code == 0
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().out
    assert "Would run: 3 cells, 4 units of work, 3,000 replicates" in said
    assert said.splitlines()[-1].startswith("Nothing was written")
    with contextlib.chdir(tmp_path), pytest.raises(SystemExit) as end:
        main(["run", "dialect", "--dry-run"])
    assert end.value.code == 2
    assert "did you mean `dialects`?" in capsys.readouterr().err
