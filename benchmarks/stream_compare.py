"""Time and memory of ``gan-eval compare`` over folders of Parquet files, read as a stream.

    python -m benchmarks.stream_compare [rows] [--workers 2] [--files 10] [--null]

writes two folders of two float columns each, ``rows`` (4,000,000) in all, into a temporary folder,
reads them once so that they are in the page cache, runs the command in a process of its own, and
prints seconds, seconds of processors, rows a second, and the peak memory of each of its processes
and of all together. The generated side is shifted by 0.0015 of a standard deviation; with
``--null`` it is not. Peaks of single processes are read from Linux's /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from gan_eval.comparison.streaming.scan import MOST_UNITS
from gan_eval.comparison.streaming.work import CELLS

SHIFT = 0.0015
PLANNED, MACHINES, CORES = 10**11, 100, 16
GROUP = 2**20
"""Rows of a row group, as pyarrow writes them."""


def write(folder: Path, rows: int, files: int, shift: float, seed: int) -> None:
    """Write a folder of files, one row group at a time."""
    folder.mkdir()
    for number in range(files):
        rng = np.random.default_rng([seed, number])
        count = rows // files + (number < rows % files)
        names = ("a", "b")
        schema = pa.schema([(name, pa.float64()) for name in names])
        with parquet.ParquetWriter(folder / f"{number:04}.parquet", schema) as file:
            for start in range(0, count, GROUP):
                size = min(GROUP, count - start)
                arrays = [rng.normal(shift * (name == "a"), 1.0, size) for name in names]
                file.write_table(pa.table(arrays, schema=schema), row_group_size=GROUP)


class Watch:
    """A thread that reads the memory of a process and of those below it.

    ``together`` is the largest sum of the memory that each has for itself and, of each file that
    some have mapped, such as a library, the most that one of them has of it. So it does not depend
    on what else the machine runs.
    """

    def __init__(self, root: int) -> None:
        self.root, self.peaks, self.together = root, dict[int, int](), 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.1):
            own, mapped = 0, dict[str, int]()
            for process in _below(self.root):
                self.peaks[process] = max(self.peaks.get(process, 0), _peak(process))
                more, files = _memory(process)
                own += more
                for name, size in files.items():
                    mapped[name] = max(mapped.get(name, 0), size)
            self.together = max(self.together, own + sum(mapped.values()))


def _below(root: int) -> list[int]:
    found = [root]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def _peak(process: int) -> int:
    """The most kilobytes that a process had; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _memory(process: int) -> tuple[int, dict[str, int]]:
    """The kilobytes that a process has for itself, and those of each file that it has mapped and
    not changed; nothing where it has ended."""
    own, files, name = 0, dict[str, int](), ""
    try:
        lines = Path(f"/proc/{process}/smaps").read_text().splitlines()
    except OSError:
        return own, files
    for line in lines:
        key, *rest = line.split()
        if not key.endswith(":"):
            name = rest[4] if len(rest) > 4 else ""
        elif key == "Rss:":
            files[name] = files.get(name, 0) + int(rest[0])
        elif key == "Anonymous:":
            own += int(rest[0])
            files[name] -= int(rest[0])
    return own, files


def print_plan(rank: float, seconds_a_row: float) -> None:
    """Print what ``PLANNED`` rows would take on ``MACHINES`` of ``CORES`` cores, from the seconds
    of a processor that a row took here, start included."""
    seconds = PLANNED * seconds_a_row / (MACHINES * CORES)
    units = 2 * MOST_UNITS
    part = CELLS * rank * 8 / 1e6
    print(
        f"plan of {PLANNED:.0e} rows on {MACHINES} machines of {CORES} cores: "
        f"{seconds / 60:,.0f} minutes, {PLANNED * 16 / seconds / MACHINES / 1e6:,.0f} MB/s read by "
        f"each; {units:,} units come back as {part:.1f} MB each, "
        f"{units * part / seconds:,.0f} MB/s for the one that adds up"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", type=int, nargs="?", default=4_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--null", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        half = given.rows // 2
        write(folder / "real", half, given.files, 0.0, 1)
        write(folder / "fake", given.rows - half, given.files, 0.0 if given.null else SHIFT, 2)
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        for file in folder.rglob("*.parquet"):
            with file.open("rb") as opened:
                while opened.read(2**24):
                    pass
        command = [
            *(sys.executable, "-m", "gan_eval", "compare", str(folder / "real")),
            *(str(folder / "fake"), "--stream", "--json", "--workers", str(given.workers)),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        watch = Watch(child.pid)
        out, _ = child.communicate()
        seconds = time.perf_counter() - start
        watch.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode not in (0, 1, 3):
        sys.exit(f"the command ended with status {child.returncode}")
    found = json.loads(out)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{given.rows:,} rows in {2 * given.files} files of {size / 1e6:,.0f} MB in all")
    print(f"{found['verdict']}, p = {found['tests']['mmd']['pvalue']}")
    print(f"{seconds:.1f} s, {processors:.1f} s of processors, {given.workers} workers")
    print(
        f"{given.rows / seconds / 1e6:.2f} M rows/s, {given.rows / processors / 1e6:.2f} M a core"
    )
    peaks = sorted((peak // 1024 for peak in watch.peaks.values()), reverse=True)
    print(f"peak memory of processes: {', '.join(f'{peak} MB' for peak in peaks if peak > 20)}")
    print(f"peak of their sum: {watch.together // 1024} MB (files mapped by several counted once)")
    print_plan(found["sketch"]["rank"], processors / given.rows)


if __name__ == "__main__":
    main()
