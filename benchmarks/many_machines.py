"""What a billion replicates of the chapter's GAN would cost, from the costs of one unit.

``python -m benchmarks.many_machines`` measures one call of ``fused_cpu`` (training, judging,
packing), then sends units over Dask to one worker on this machine, which returns what that call
gave, and reads what a unit costs the client and the scheduler. Seconds are those of a processor,
so that a busy machine changes them little.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.judging import judge
from gan_eval.runtime import threads
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan.study import Study
from gan_eval.study.run import execute as running
from gan_eval.study.run import execute as work
from gan_eval.training.backends import backend

BACKEND = "fused_cpu"
TOGETHER = backend(BACKEND).replicates_per_call
STUDY = Study(
    name="cost", backends=(BACKEND,), permutations=0, tested=0, traced=0, time_budget=None
)


def processor_seconds(call: Callable[[], Any], rounds: int) -> float:
    """The least of some rounds: what disturbs can only add."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return min(found)


def unit_costs(rounds: int) -> tuple[dict[str, float], PackedUnit]:
    """Processor seconds a replicate by kind of work, and one unit as it would be stored."""
    config = next(iter(STUDY.configurations().values()))
    trainer, seeds = backend(BACKEND), range(1, 1 + TOGETHER)
    with threads.allow(1):
        trained = trainer.train(config, seeds)
        rows = judge.judge(trained, permutations=0)
        work: dict[str, Callable[[], Any]] = {
            "training": lambda: trainer.train(config, seeds),
            "judging": lambda: judge.judge(trained, permutations=0),
            "packing": lambda: PackedUnit.of(rows, pd.DataFrame()),
        }
        costs = {what: processor_seconds(call, rounds) / TOGETHER for what, call in work.items()}
    return costs, PackedUnit.of(rows, pd.DataFrame())


@contextmanager
def scheduler_and_worker(folder: Path) -> Iterator[str]:
    """A scheduler and one worker, processes of their own; the scheduler's address."""
    import distributed

    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file)]
    module = [sys.executable, "-m", "distributed.cli.dask_{}"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parts = {
        "scheduler": ["--port", "0", "--no-dashboard", "--host", "127.0.0.1"],
        "worker": ["--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)],
    }
    processes = [
        subprocess.Popen([part.format(name) for part in module] + common + options, **quiet)
        for name, options in parts.items()
    ]
    try:
        with distributed.Client(scheduler_file=str(file), timeout=120) as client:
            client.wait_for_workers(1)
            address = client.scheduler_info()["address"]
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def stand_in(unit: PackedUnit) -> None:
    """On a worker: return this unit in the place of training."""
    work.finish_unit = lambda *_: unit


def over_dask(unit: PackedUnit, units: int, folder: Path) -> dict[str, float]:
    """Processor seconds a unit of the client and of the scheduler, the client's units a second,
    and bytes a row."""
    import distributed

    replicates = units * TOGETHER
    with scheduler_and_worker(folder) as address:
        with distributed.Client(address, set_as_default=False) as client:
            client.run(stand_in, unit)
            client.submit(running._survey).result()  # its imports are none of a unit's costs
            scheduler = _scheduler_seconds(client)
        told: list[tuple[int, float, float]] = []
        running.run(
            STUDY.model_copy(update={"replicates": replicates}),
            store=folder / LEDGER_FILE,
            scheduler=address,
            on_progress=lambda so_far: told.append(
                (so_far.finished, time.perf_counter(), time.process_time())
            ),
        )
        with distributed.Client(address, set_as_default=False) as client:
            scheduler = _scheduler_seconds(client) - scheduler
    # The first tell is before any unit, the second after the timed one.
    (_, wall, own), (_, last_wall, last_own) = told[1], told[-1]
    count = len(told) - 2
    return {
        "client": (last_own - own) / count,
        "scheduler": scheduler / count,
        "units a second": count / (last_wall - wall),
        "bytes": (folder / LEDGER_FILE).stat().st_size / replicates,
    }


def _scheduler_seconds(client: Any) -> float:
    return client.run_on_scheduler(time.process_time)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--replicates", type=float, default=1e9)
    parser.add_argument("--cores", type=int, default=64, help="of one machine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--units", type=int, default=200, help="sent over Dask")
    options = parser.parse_args()
    many: float = options.replicates
    costs, unit = unit_costs(options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        dask = over_dask(unit, options.units, Path(folder))
    print(f"a unit is {TOGETHER:,} replicates\n")
    print(f"{'of a processor':<16}{'µs a replicate':>16}{f'days for {many:.0e}':>20}")
    whole = {**costs, "workers, all": sum(costs.values())}
    whole |= {name: dask[name] / TOGETHER for name in ("client", "scheduler")}
    for what, seconds in whole.items():
        print(f"{what:<16}{seconds * 1e6:>16,.2f}{seconds * many / 86400:>20,.2f}")
    total = sum(costs.values()) * many
    print(f"\nworkers: {total / 86400 / options.cores:,.2f} days on one machine of {options.cores}")
    print(f"client:  {dask['units a second']:,.1f} units a second with one worker beside it here")
    busiest = max(dask["client"], dask["scheduler"]) / TOGETHER
    print(f"client:  keeps up with {sum(costs.values()) / busiest:,.0f} cores")
    print(f"ledger:  {dask['bytes']:,.0f} bytes a row, {dask['bytes'] * many / 1e9:,.0f} GB")


if __name__ == "__main__":
    main()
