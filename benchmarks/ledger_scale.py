"""What a million replicates cost to store, to export and to report: seconds, megabytes, memory.

``python -m benchmarks.ledger_scale --rows 1000000 --out DIR`` trains one call of ``fused_cpu`` and
stores its rows under ever new seeds, unit by unit as a study does: what is packed by workers there
is packed here each time. Nothing but the seed differs between the units, so that blocks are as
large as real ones. Then ``gan-eval export`` and ``gan-eval report`` read the folder, each in a
process of its own, of which the largest resident memory is read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Unit
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute as running
from gan_eval.study.run import execute as work
from gan_eval.training.backends import Availability, backend

BACKEND = "fused_cpu"


class Training:
    """In the place of training: the rows of one call, under the seeds of any unit."""

    def __init__(self, settings: Study, together: int) -> None:
        config = next(iter(settings.configurations().values()))
        unit = Unit(settings.name, config, BACKEND, "cpu", range(together))
        self.rows, self.epochs = work.train_unit(unit, settings)
        self.steps = len(self.epochs) // min(together, settings.traced)
        self.seconds = self.processor = 0.0

    def finish_unit(self, unit: Unit, settings: Study) -> PackedUnit:
        began, processor = time.perf_counter(), time.process_time()
        count = len(unit.seeds)
        traced = min(count, max(0, settings.traced - unit.seeds[0]))
        epochs = self.epochs.head(traced * self.steps)
        shift = unit.seeds[0] - int(self.rows["seed"].iloc[0])
        found = PackedUnit.of(
            self.rows.head(count).assign(seed=list(unit.seeds)),
            epochs.assign(seed=epochs["seed"] + shift),
        )
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - processor
        return found


def store(rows: int, folder: Path) -> Results:
    """Run a study of so many replicates, and print what storing and packing took."""
    trainer = backend(BACKEND)
    together = trainer.replicates_per_call
    settings = Study(
        name="scale", replicates=rows, backends=(BACKEND,), permutations=0, time_budget=None
    )
    training = Training(settings, together)
    found = [Availability(BACKEND, "installed", ("cpu",), trainer.version(), together)]
    _, machine = running._survey()
    running._survey = lambda _: (found, machine)
    work.finish_unit = training.finish_unit
    ends: list[tuple[float, float]] = []
    began = time.perf_counter(), time.process_time()
    results = running.run(
        settings,
        store=folder / LEDGER_FILE,
        workers=1,
        command=f"python -m benchmarks.ledger_scale --rows {rows}",
        on_progress=lambda _: ends.append((time.perf_counter(), time.process_time())),
    )
    seconds, processor = (last - first for first, last in zip(began, ends[-1], strict=True))
    print(
        f"written: {len(results.rows):,} rows in {seconds:.1f} s ({processor:.1f} s of a "
        f"processor), of them {training.seconds:.1f} s ({training.processor:.1f} s) for packing, "
        "which workers do",
        flush=True,
    )
    return results


def measured(*command: str) -> str:
    """What a command took: seconds, those of a processor, and its largest resident memory."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "gan_eval", *command])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"gan-eval {' '.join(command)} failed")
    return (
        f"{time.perf_counter() - began:.1f} s ({usage.ru_utime + usage.ru_stime:.1f} s of a "
        f"processor), at most {usage.ru_maxrss * 1024 / 1e6:,.0f} MB resident"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    options = parser.parse_args()
    folder: Path = options.out
    folder.mkdir(parents=True)
    pid = os.fork()  # so that what it held is given back before the reports are made
    if pid == 0:
        results = store(options.rows, folder)
        results.save(folder)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("storing failed")
    size = (folder / LEDGER_FILE).stat().st_size
    print(f"ledger: {size / 1e6:.0f} MB, {size / options.rows:.0f} bytes a row", flush=True)
    for name, *command in (
        ("exported to Parquet", "export", str(folder), "--out", str(folder / "rows.parquet")),
        ("reported", "report", str(folder)),
        ("exported to CSV", "export", str(folder), "--out", str(folder / "all.csv")),
    ):
        print(f"{name}: {measured(*command)}", flush=True)


if __name__ == "__main__":
    main()
