"""``gan-eval conform`` as a user meets it, with the NumPy trainers as registered backends."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from gan_eval.cli import main
from gan_eval.investigations.conformance import conform, units, words
from gan_eval.investigations.conformance import run as running
from gan_eval.investigations.conformance.stepwise import STAGES
from gan_eval.judging.agreement import Medians
from gan_eval.pages.numbers import number
from gan_eval.training import remedies
from gan_eval.training.backends import registry
from gan_eval.training.config import TrainingConfig

from .faulty import NumPyBackend

TRAINED = [stage for stage in STAGES if not (stage.chaotic or stage.config.remedies)]
"""Those of the short stages that the NumPy trainers know."""
SHORT = TrainingConfig(epochs=1, n_examples=16)


class NumPy(NumPyBackend):
    """The right trainer, and two of those with a fault."""

    forms = ("zero-biases", "saturating")


class Twin(NumPyBackend):
    """The right trainer under another name, with one form only."""

    forms = ()


class Refusing(NumPyBackend):
    """It cannot train one dialect, and says so; and has no device in its one other form."""

    forms = ("nowhere",)

    def __init__(self, form: str = "") -> None:
        super().__init__()
        self.form = form

    def devices(self):
        return [] if self.form else ["cpu"]

    def train(self, config, seeds, device="cpu", on_epoch=None):
        if config.dialect == "mxnet":
            raise RuntimeError("no such dialect")
        return super().train(config, seeds, device, on_epoch)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these are registered, and the stages that take long are left out."""
    here = "tests.investigations.conformance.test_command"
    values = {
        "numpy": f"{here}:NumPy",
        "twin": f"{here}:Twin",
        "refusing": f"{here}:Refusing",
        "absent": "tests.investigations.conformance.no_such_module:Backend",
        "broken": "tests.investigations.conformance.faulty:NoSuchClass",
    }
    found = [EntryPoint(name, value, registry.GROUP) for name, value in values.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: found)
    monkeypatch.setattr(running, "STAGES", [stage for stage in STAGES if not stage.chaotic])
    monkeypatch.setattr(running, "TrainingConfig", lambda: SHORT)
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: None)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["conform", *arguments, "--workers", "1"])
    assert isinstance(end.value.code, int)
    stdout, stderr = capsys.readouterr()
    return end.value.code, stdout, stderr


def test_two_that_agree_are_told_so_with_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    status, stdout, stderr = run(capsys, "--backend", "numpy,twin", "--replicates", "20")
    assert (status, stderr) == (0, "")
    said = " ".join(stdout.split())
    assert "1 thread per training" in said
    headline = said.partition("Yes: ")[2]
    # The same trainer under two names: to the last bit.
    assert all(part in headline for part in ("numpy and twin", "by a bit", "20 trainings"))
    assert "NO" not in stdout


def test_no_seeds_leave_the_distribution_out(capsys: pytest.CaptureFixture[str]) -> None:
    status, stdout, _ = run(capsys, "--backend", "numpy,twin", "--replicates", "0")
    assert status == 0
    assert "In distribution," not in stdout
    assert "over many trainings nothing was compared" in " ".join(stdout.split())


def test_one_that_does_not_is_told_so_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    names = "numpy,twin,numpy:saturating"
    arguments = ("--backend", names, "--replicates", "21", "--threads", "2", "--json")
    status, stdout, _ = run(capsys, *arguments)
    document = json.loads(stdout)
    assert status == 1
    assert document["passed"] is False
    passed = {tuple(pair["backends"]): pair["passed"] for pair in document["pairs"]}
    assert passed == {
        ("numpy", "twin"): True,
        ("numpy", "numpy:saturating"): False,
        ("twin", "numpy:saturating"): False,
    }
    assert (document["replicates"], document["threads"], document["workers"]) == (21, 2, 1)
    assert document["environment"]["packages"]["numpy"]
    step = document["step_by_step"][-1]
    assert step["backends"] == ["twin", "numpy:saturating"]
    assert step["seeds_counted"] == step["seeds"] == len(TRAINED[-1].seeds)
    law = document["in_distribution"][0]
    assert (law["verdict"], law["replicates"], law["identical"]) == ("the same", 21, 21)


def test_without_names_all_forms_are_compared_and_what_is_absent_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, stdout, _ = run(capsys, "--replicates", "20")
    assert status == 1
    said = " ".join(stdout.split())
    assert "left out: absent is missing: pip install tests" in said
    assert "left out: broken is broken: backend 'broken' is installed but does not load" in said
    assert "left out: refusing:nowhere has no device here" in said
    assert "left out: numpy does not train the remedies of: 20 steps, mended; 20 steps" in said
    # What one backend raised stands beside the results of the others.
    assert "failed: refusing: no such dialect" in said
    for fault in NumPy.forms:
        assert f"numpy / numpy:{fault}" in said


def test_a_single_name_stands_for_its_forms_and_one_form_alone_is_told_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = conform(["numpy"], replicates=20, workers=1)
    assert [one.name for one in found.compared] == ["numpy", *(f"numpy:{f}" for f in NumPy.forms)]
    status, stdout, _ = run(capsys, "--backend", "twin")
    assert status == 3
    assert stdout.startswith("Could not tell: twin is alone here")
    status, stdout, _ = run(capsys, "--backend", "numpy:saturating", "--json")
    document = json.loads(stdout)
    assert (status, document["passed"], document["pairs"]) == (3, None, [])


def test_chaos_is_measured_by_the_first_backend_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (late,) = [s for s in STAGES if s.chaotic and s.config.dialect == "pytorch"]
    monkeypatch.setattr(running, "STAGES", [late])
    status, stdout, _ = run(capsys, "--backend", "numpy,twin", "--replicates", "20", "--json")
    (stage,) = json.loads(stdout)["step_by_step"]
    assert status == 0
    assert 2 <= stage["seeds_counted"] < stage["seeds"] == 5


def test_only_the_first_backend_trains_the_seeds_that_do_not_count() -> None:
    (late,) = [s for s in STAGES if s.chaotic and s.config.dialect == "pytorch"]
    told = []
    found = conform(
        ["numpy", "twin"],
        replicates=0,
        workers=1,
        stages=[late],
        on_progress=lambda progress: told.append((progress.finished, progress.planned)),
    )
    (stage,) = found.stages
    # Twice five seeds on the first; what is planned shrinks when chaos has been measured.
    assert told[0] == (5, 15)
    assert told[-1] == (10 + stage.counted, 10 + stage.counted)


def test_a_stage_is_compared_where_both_train_its_remedies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remedied = [stage for stage in STAGES if stage.config.remedies]
    # They would train without them; here it is who is asked that counts.
    monkeypatch.setattr(NumPyBackend, "remedies", remedies.OF_EVERY_BACKEND, raising=False)
    monkeypatch.setattr(Twin, "remedies", tuple(remedies.DEFAULTS), raising=False)
    found = conform(["numpy", "twin"], replicates=0, workers=1, stages=remedied)
    compared = [stage.stage for stage in found.stages]
    assert compared == ["20 steps, mended", "20 steps, columns, linear, ema"]
    left_out = dict(found.document()["left_out"])
    assert left_out == {"numpy": [s.name for s in remedied if s.name not in compared]}


def test_where_no_seed_counts_nothing_is_said_to_agree() -> None:
    (late,) = [s for s in STAGES if s.chaotic and s.config.dialect == "pytorch"]
    found = conform(
        ["numpy", "twin"], replicates=0, workers=1, stages=[replace(late, tolerance=0.0)]
    )
    (stage,) = found.stages
    assert (stage.counted, stage.seeds, stage.passed, found.passed) == (0, 5, False, False)
    assert "no seed counts" in stage.message


def test_work_and_what_it_gives_pass_between_processes() -> None:
    """A unit goes to a process by its backend's name, its outcome comes back; both as bytes."""
    told = []
    found = conform(
        ["numpy", "twin"],
        replicates=20,
        workers=1,
        on_progress=lambda progress: told.append((progress.finished, progress.planned)),
    )
    every = {stage.name: stage.seeds for stage in running.STAGES}
    planned = units.step_by_step(found.compared, running.STAGES, every)
    planned += units.in_distribution(found.compared, SHORT, 30)
    assert told[-1][0] == told[-1][1]
    for unit in (planned[0], planned[-1]):
        function, again = pickle.loads(pickle.dumps((units.train, unit)))
        assert again == unit
        outcome = function(again)
        same = pickle.loads(pickle.dumps(outcome))
        assert same.seeds.tolist() == outcome.seeds.tolist() == list(unit.seeds)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--backend", "nunpy"), "unknown backend 'nunpy': did you mean `numpy`?"),
        (("--backend", "twin,numpy:zero-bias"), "did you mean `zero-biases`?"),
        (("--backend", "twin,absent"), "backend 'absent' needs tests, which is not installed"),
        (("--backend", "twin,broken"), "backend 'broken' is installed but does not load"),
        (("--backend", "twin,refusing:nowhere"), "has no device on this machine"),
        (("--backend", "twin,twin"), "each once, got 'twin,twin'"),
        (("--backend", ""), "unknown backend ''"),
        (
            ("--replicates", "19"),
            "`--replicates` must be at least 20, or 0 to compare step by step only, got 19",
        ),
        (("--threads", "0"), "`--threads` must be between 1 and 1024, got 0"),
    ],
)
def test_misuse_is_one_sentence_before_any_work(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, stdout, stderr = run(capsys, *arguments)
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


def test_the_answer_names_the_largest_differences_and_what_keeps_a_pair_apart() -> None:
    found = conform(["numpy", "twin", "numpy:saturating"], replicates=20, workers=1)
    headline = words.headline(found)
    assert headline.startswith("No: 2 of 3 pairs, numpy and numpy:saturating")
    assert "twin and numpy:saturating" in headline
    apart = next(s for s in found.stages if s.second == "numpy:saturating" and not s.passed)
    assert number(apart.largest[1], 2) in headline
    assert apart.stage in headline

    # Two whose steps agree, and whose trainings are twice as far from the target.
    (alike,) = (law for law in found.distributions if law.second == "twin")
    shift = replace(alike, identical=0, medians=Medians(0.0, 0.2, -0.3, -0.1))
    pair = replace(
        found,
        compared=found.compared[:2],
        stages=tuple(s for s in found.stages if s.second == "twin"),
    )
    for law, said in (
        (shift, "Yes"),
        (replace(shift, medians=Medians(0.0, 0.5, -0.8, -0.2)), "No"),
        (replace(shift, adjusted={"mmd": 0.001}), "No"),
    ):
        headline = words.headline(replace(pair, distributions=(law,)))
        assert headline.startswith(said)
        if "mmd" not in law.adjusted or len(law.adjusted) > 1:
            assert law.medians is not None
            assert number(math.exp(law.medians.low)) in headline
