"""A study on Dask's workers: the rows of a local run, whatever is killed, lost or missing."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gan_eval.cli.status import status_of
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Unit
from gan_eval.study.results.export import load
from gan_eval.study.results.results import Results
from gan_eval.study.run import (
    dask_cluster,
    dask_connection,
    dask_worker,
    execute,
)
from gan_eval.study.run.dask_connection import connected
from gan_eval.training.backends import Availability

from . import tables
from .tables import assert_same, no_drawing, small

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="the extra dask is not installed"
)

HERE = {"processes": False, "protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few seeds a call, a drawing that takes no time, and a scheduler that may take its own."""
    monkeypatch.setattr(dask_connection, "_ANSWER", 600.0)
    monkeypatch.setattr(dask_connection, "_VERSIONS", 600.0)
    monkeypatch.setattr(execute, "_survey", tables.survey)
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)
    yield
    gc.collect()  # a client that could not connect, before the next cluster starts


@contextmanager
def local(count: int = 1, **options: Any) -> Iterator[Any]:
    """A scheduler and its workers on this machine."""
    import distributed

    found = distributed.LocalCluster(n_workers=count, threads_per_worker=1, **HERE | options)
    try:
        yield found
    finally:
        close(found)


def close(at: Any) -> None:
    # Dask gives its thread ten seconds to end, which on a busy machine are not enough.
    with suppress(TimeoutError):
        at.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what happens as soon as the machine gets round to it."""
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """Two workers in this process, one of which offers a GPU."""
    with local(name="a") as found:
        found.sync(_add, found)
        yield found
        found.sync(found.gpu.close)


async def _add(found: Any) -> None:
    import distributed

    found.gpu = await distributed.Worker(
        found.scheduler_address, name="gpu", resources={"GPU": 1}, nthreads=1, dashboard=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run without Dask."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execute, "_survey", tables.survey)
        patch.setattr(execute, "ChapterDrawing", no_drawing)
        execute.run(small(), store=folder / LEDGER_FILE, workers=1)
    return folder


def run(folder: Path, at: Any, settings: Study | None = None, **options: Any) -> Results:
    address = at if isinstance(at, str) else at.scheduler_address
    store = folder / LEDGER_FILE
    return execute.run(settings or small(), store=store, scheduler=address, **options)


def test_the_rows_are_those_of_a_local_run(workers: Any, whole: Path, tmp_path: Path) -> None:
    found = run(tmp_path, workers)
    assert_same(tmp_path, whole)
    assert found.provenance["workers"] == 2
    assert not found.provenance["failures"]
    assert set(found.provenance["environments"]) == set(load(whole)["environment"])
    # Nothing is trained again, here or there.
    assert run(tmp_path, workers).provenance["reused"] == 80
    assert execute.run(small(), store=tmp_path / LEDGER_FILE, workers=1).provenance["reused"] == 80


def stub(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Make training quick; the devices of units, and the names of the workers that train them."""
    import distributed

    seen: list[tuple[str, str]] = []

    def train(unit: Unit, _: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
        seen.append((unit.device, str(distributed.get_worker().name)))
        time.sleep(0.05)
        rows = {"seed": list(unit.seeds), "device": unit.device, "verdict": "near", "kl": 1.0}
        return pd.DataFrame(rows), pd.DataFrame()

    monkeypatch.setattr(execute, "train_unit", train)
    return seen


def both_devices(*_: object) -> tuple[list[Availability], dict[str, Any]]:
    found, machine = tables.survey()
    return [Availability("fused_cpu", "installed", ("cpu", "cuda"), found[0].version, 4)], machine


def test_only_a_worker_that_offers_a_gpu_gets_units_for_one(
    workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = stub(monkeypatch)
    monkeypatch.setattr(execute, "_survey", both_devices)
    found = run(tmp_path, workers, small(traced=0))
    assert len(found.rows) == 160
    assert {name for device, name in seen if device == "cuda"} == {"gpu"}
    assert {name for device, name in seen if device == "cpu"} >= {"0"}


def test_without_such_a_worker_it_is_said_and_the_rest_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = stub(monkeypatch)
    monkeypatch.setattr(execute, "_survey", both_devices)
    with local() as at:
        with pytest.raises(UsageError, match=r"device 'cuda' needs a worker that offers a GPU.*=1"):
            run(tmp_path, at, small(devices=["cpu", "cuda"]))
        assert seen == []
        assert len(run(tmp_path, at, small(traced=0)).rows) == 80
    assert {device for device, _ in seen} == {"cpu"}


def test_a_gpu_that_goes_away_and_no_worker_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch)
    monkeypatch.setattr(execute, "_survey", both_devices)
    monkeypatch.setattr(dask_cluster, "PATIENCE", 0.1)
    with local() as at:
        at.sync(_add, at)

        def leave(progress: execute.Progress) -> None:
            if progress.finished > 40 and at.gpu.status.name == "running":
                at.sync(at.gpu.close)

        with pytest.raises(UsageError, match="a unit of work needs a worker that offers a GPU"):
            run(tmp_path, at, small(traced=0, devices=["cuda"]), on_progress=leave)
        assert 40 < len(load(tmp_path)) < 80
        at.scale(0)
        wait_until(lambda: not at.scheduler.workers)
        with pytest.raises(UsageError, match="has had no worker for"):
            run(tmp_path, at, small(traced=0))


def test_ctrl_c_keeps_what_was_finished_and_takes_back_the_rest(
    workers: Any, whole: Path, tmp_path: Path
) -> None:
    def interrupt(progress: execute.Progress) -> None:
        if progress.finished > 20:
            raise KeyboardInterrupt

    stopped = run(tmp_path, workers, on_progress=interrupt)
    assert stopped.provenance["interrupted"]
    assert 20 < len(stopped.rows) < 80
    wait_until(lambda: not workers.scheduler.tasks)
    assert not run(tmp_path, workers).provenance["interrupted"]
    assert_same(tmp_path, whole)


def test_a_worker_with_other_code_is_refused_and_what_was_finished_is_kept(
    workers: Any, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, asked, finished = dask_worker._code, [], [0]
    some = threading.Event()

    def changing(name: str) -> str:
        asked.append(name)
        if len(asked) < 4:
            return known(name)
        assert some.wait(600)
        return "llvmlite 0.1 0123456789abcdef"

    def told(progress: execute.Progress) -> None:
        finished.append(progress.finished)
        if progress.finished > 0:
            some.set()

    monkeypatch.setattr(dask_worker, "_code", changing)
    with pytest.raises(UsageError, match=r"would train by other code \(llvmlite 0.1 0123456789"):
        run(tmp_path, workers, on_progress=told)
    assert len(load(tmp_path)) == finished[-1] > 0
    monkeypatch.undo()
    execute.run(small(), store=tmp_path / LEDGER_FILE, workers=1)
    assert_same(tmp_path, whole)


def test_a_scheduler_that_is_lost_costs_what_was_not_finished(whole: Path, tmp_path: Path) -> None:
    with local(2) as at:

        def lose(progress: execute.Progress) -> None:
            if 20 < progress.finished < 40:
                close(at)

        with pytest.raises(UsageError, match=r"was lost.*in the ledger, and the same command goes"):
            run(tmp_path, at, on_progress=lose)
    assert 20 < len(load(tmp_path)) < 80
    execute.run(small(), store=tmp_path / LEDGER_FILE, workers=1)
    assert_same(tmp_path, whole)


def test_dask_that_is_not_installed_and_a_number_of_workers_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    command = ["run", "--out", str(tmp_path / "a"), "--scheduler", "tcp://127.0.0.1:9"]
    assert status_of(command) == 2
    assert re.search(
        r"distributed is not installed: pip install .*\[dask\]'", capsys.readouterr().err
    )
    assert status_of([*command, "--workers", "2"]) == 2
    assert "it goes without `--workers`" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["python", "distributed"])
def test_another_version_of_dask_or_python_is_named(
    package: str, workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import distributed

    asked = distributed.Client.get_versions

    def other(self: Any) -> Any:
        found: Any = asked(self)
        next(iter(found["workers"].values()))["packages"][package] = "1.2.3"
        return found

    monkeypatch.setattr(distributed.Client, "get_versions", other)
    with pytest.raises(UsageError, match=rf"the worker at .* has {package} 1\.2\.3, this command"):
        run(tmp_path, workers)


def test_no_dead_client_is_collected_while_another_starts_or_ends(
    workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take a lock that is held then, and wait for ever."""
    import distributed

    collecting: list[bool] = []
    for name in ("__init__", "close"):
        method = getattr(distributed.Client, name)

        def watched(self: Any, *arguments: Any, method: Any = method, **options: Any) -> Any:
            collecting.append(gc.isenabled())
            return method(self, *arguments, **options)

        monkeypatch.setattr(distributed.Client, name, watched)
    with connected(workers.scheduler_address):
        assert gc.isenabled()
    assert collecting == [False, False]
    assert gc.isenabled()


def without_drawing() -> int:
    execute.ChapterDrawing = no_drawing  # type: ignore[assignment]  (a stand-in)
    return os.getpid()


def test_a_worker_without_this_package_is_told_of(
    workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it were not there: a module of another name is asked for."""
    packed = dask_worker.packed
    elsewhere = (b"gan_eval.study.run.dask_worker", b"not_here.in_place_of_it.for_no")
    monkeypatch.setattr(dask_worker, "packed", lambda *task: packed(*task).replace(*elsewhere))
    with pytest.raises(UsageError, match=r"has no such gan-eval .*'not_here'.*: install the same"):
        run(tmp_path, workers)
    # What another version cannot read is refused as well, and the worker lives on.
    elsewhere = (b"tests.study.tables", b"tests.study.absent")
    with pytest.raises(UsageError, match=r"runs another gan-eval than .*'tests\.study"):
        run(tmp_path, workers)
    assert len(workers.scheduler.workers) == 2


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as on POSIX")
def test_a_worker_that_is_killed_costs_nothing(whole: Path, tmp_path: Path) -> None:
    """Processes, of which one is killed when a quarter of the study is done."""
    import distributed

    with local(2, processes=True) as at:
        with distributed.Client(at, set_as_default=False) as client:
            found: Any = client.run(without_drawing)
            numbers = sorted(found.values())
        killed = threading.Event()

        def kill(progress: execute.Progress) -> None:
            if progress.finished > 20 and not killed.is_set():
                os.kill(numbers[0], signal.SIGKILL)
                killed.set()

        found = run(tmp_path, at, on_progress=kill)
    assert killed.is_set()
    assert not found.provenance["failures"]
    assert not found.rows.duplicated(["configuration", "seed"]).any()
    assert_same(tmp_path, whole)


def test_a_generator_from_outside_is_fitted_by_the_workers() -> None:
    settings: dict[str, Any] = {"name": "mine", "target": "ring8", "replicates": 2}
    settings |= {"generator": "tests.training.generators.misbehaving:Honest"}
    settings |= {"permutations": 0, "n_evaluation": 50, "config": {"n_examples": 60}}
    study = Study.parse(settings)
    here = execute.run(study, workers=1).rows
    with local(2) as cluster:
        there = execute.run(study, scheduler=cluster.scheduler_address).rows
    clocks = ["seconds", "sample_seconds", "environment"]
    pd.testing.assert_frame_equal(here.drop(columns=clocks), there.drop(columns=clocks))
