"""``pytest benchmarks/``: what is saved, where, and on which backends and devices it runs.

Without any option a run is saved under ``reports/benchmarks/`` as pytest-benchmark's JSON with a
CSV of the same name beside it, and ends with a table and a sentence that answers; the wide table of
pytest-benchmark comes with ``--benchmark-verbose``. Seconds are of ``clock.seconds``, which do not
count the time in which other processes had the processor. pytest-benchmark's own options
(``--benchmark-storage``, ``--benchmark-save``, ``--benchmark-compare`` …) work as they always do.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import clock
from gan_eval.investigations.speed import benchmarks
from gan_eval.investigations.speed.terminal import summary
from gan_eval.runtime.provenance import environment
from gan_eval.training.backends import backends

PLUGINS_STORAGE, PLUGINS_TIMER = "file://./.benchmarks", "time.perf_counter"
CLOCK = "benchmarks.clock.seconds"
BEFORE = pytest.StashKey[set[Path]]()

Measure = Callable[..., Any]

ROUNDS, MOST_ROUNDS = 10, 60
"""At least and at most; docs/speed.md says what the gate can see with these."""
SECONDS = 1.5
"""What the rounds of a benchmark take together, where that many of them are fast enough."""
SHORTEST = 0.005
"""Seconds that a round takes at least, by calls that are repeated within it."""


def pytest_configure(config: pytest.Config) -> None:
    """Save every run; pytest-benchmark reads these options after this hook."""
    option = config.option
    if option.benchmark_storage == PLUGINS_STORAGE:
        option.benchmark_storage = f"file://{config.rootpath / 'reports' / 'benchmarks'}"
    if not (option.benchmark_save or option.benchmark_autosave):
        option.benchmark_save = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    if option.benchmark_timer == PLUGINS_TIMER:
        option.benchmark_timer = CLOCK
    option.benchmark_quiet = not option.benchmark_compare
    option.benchmark_save_data = True  # `gan-eval throughput --against` tests the raw rounds
    # What pytest-benchmark says where a test skips before it has timed anything.
    config.addinivalue_line("filterwarnings", "ignore:Benchmark fixture was not used at all")
    config.stash[BEFORE] = _saved(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Iterator[None]:
    """Let a session end that timed nothing: all skipped, or ``--collect-only``."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Not saving anything")
        return (yield)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """The host's name says nothing about a figure, and a report may be passed on."""
    machine_info.pop("node", None)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Write the table of this run beside its JSON, and print it for a person to read."""
    saved = sorted(_saved(config) - config.stash[BEFORE])
    skipped = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    for path in saved:
        table = benchmarks.read(path)
        table.to_csv(path.with_suffix(".csv"), index=False)
        inside = config.rootpath in path.parents
        place = path.relative_to(config.rootpath) if inside else path
        _write(terminalreporter, summary(table, skipped, [f"Written: {place} and .csv"]))
    if not saved and not config.option.collectonly:
        _write(terminalreporter, summary(pd.DataFrame(columns=list(benchmarks.COLUMNS)), skipped))


def _write(terminalreporter: pytest.TerminalReporter, lines: list[str]) -> None:
    terminalreporter.section("how fast, and how sure")
    for line in lines:
        terminalreporter.write_line(line)


def _reason(report: Any) -> str:
    """Say why a benchmark was skipped, without pytest's word for it."""
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(why).removeprefix("Skipped: ")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every backend on every device it has here; what it has not is skipped with the reason."""
    if "backend_name" not in metafunc.fixturenames:
        return
    cases = []
    for entry in backends():
        if entry.state != "installed":
            cases.append(_skipped(entry.name, "cpu", f"{entry.state}: {entry.remedy}"))
            continue
        cases += [pytest.param(entry.name, d, id=f"{entry.name}-{d}") for d in entry.devices]
        if "cuda" not in entry.devices:
            cases.append(
                _skipped(entry.name, "cuda", f"no GPU here that backend {entry.name!r} can use")
            )
    metafunc.parametrize(("backend_name", "device"), cases)


@pytest.fixture
def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Measure:
    """Time a call over rounds and note what it was about.

    ``measure(call, examples=…, unit=…, **facts)`` returns what the call returned. How many rounds
    there are, and calls in a round, follows from what a call takes (``schedule``); there are at
    least as many rounds as ``--benchmark-min-rounds`` says. Facts are those of
    ``benchmarks.FACTS`` of ``gan_eval.investigations.speed``.
    """

    def timed(call: Callable[[], Any], *, examples: int, unit: str, **facts: Any) -> Any:
        seconds = _seconds(call)
        if seconds < SECONDS / ROUNDS:  # the first call may have compiled or fetched something
            seconds = _seconds(call)
        rounds, iterations = schedule(seconds)
        rounds = max(rounds, int(request.config.option.benchmark_min_rounds))
        result = benchmark.pedantic(call, rounds=rounds, iterations=iterations)
        noted = {"examples": examples, "unit": unit, **facts, "environment": environment()}
        if benchmark.stats is not None:  # None under --benchmark-disable
            median: Any = benchmark.stats.stats.median
            noted["examples_per_second"] = examples / median
        benchmark.extra_info.update(noted)
        return result

    return timed


def schedule(seconds: float) -> tuple[int, int]:
    """Rounds, and calls in each, of a benchmark whose call takes so many seconds."""
    iterations = max(1, ceil(SHORTEST / max(seconds, 1e-7)))
    rounds = round(SECONDS / max(iterations * seconds, SHORTEST))
    return min(max(rounds, ROUNDS), MOST_ROUNDS), iterations


def _seconds(call: Callable[[], Any]) -> float:
    began = clock.seconds()
    call()
    return clock.seconds() - began


def _skipped(name: str, device: str, reason: str) -> Any:
    return pytest.param(name, device, id=f"{name}-{device}", marks=pytest.mark.skip(reason=reason))


def _saved(config: pytest.Config) -> set[Path]:
    folder = Path(str(config.option.benchmark_storage).removeprefix("file://"))
    return set(folder.rglob("*.json"))
