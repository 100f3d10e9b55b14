"""``python -m benchmarks.device --out FOLDER``: run the parts, store and print what they found."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.device.parts import MINUTES, PARTS, Part, sizes
from benchmarks.device.record import Record, read
from benchmarks.device.report import as_text, document, verdicts
from gan_eval.runtime.documents import json_text
from gan_eval.runtime.files import write_text

GRACE = 5.0
"""Seconds that a part has left when it is told that its time is up, before it is ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 where all was found right and fast enough, 1 where not, 3 where it is not known."""
    options = parser().parse_args(arguments)
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / "device.jsonl"
    if options.part is not None:
        record = Record(lines, options.part, options.until)
        number, count = options.share
        size = sizes(quick=options.quick, device=options.device)
        PARTS[options.part].run(record, size, *([(number, count)] if count > 1 else []))
        return 0
    lines.unlink(missing_ok=True)
    command = shlex.join(["python", "-m", "benchmarks.device", *(arguments or sys.argv[1:])])
    began, until = time.time(), time.time() + 60 * options.minutes
    for part in PARTS.values():
        if options.only and part.name not in options.only:
            continue
        _run(part, options, lines, min(part.seconds, until - time.time()))
        told = document(read(lines), command, began)
        write_text(folder / "device.json", json_text(told))
        print(f"{part.name}: {time.time() - began:.0f} s since the start", flush=True)
    found = read(lines)
    print(as_text(found))
    return 0 if all(v == "pass" for _, v, _ in verdicts(found)) else _worst(found)


def _worst(found: list) -> int:
    return 1 if any(verdict == "miss" for _, verdict, _ in verdicts(found)) else 3


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m benchmarks.device", description="Check and time all GPU paths."
    )
    found.add_argument("--out", required=True, help="folder for device.json and device.jsonl")
    found.add_argument("--minutes", type=float, default=MINUTES, help="ends after so many")
    found.add_argument("--only", action="append", help="a part's name; may be given again")
    found.add_argument("--quick", action="store_true", help="tiny sizes, to test the script")
    found.add_argument("--device", default="cuda", help="of PyTorch and JAX: cuda or cpu")
    found.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    found.add_argument("--share", type=int, nargs=2, default=(0, 1), help=argparse.SUPPRESS)
    found.add_argument("--until", type=float, help=argparse.SUPPRESS)
    return found


def _run(part: Part, options: argparse.Namespace, lines: Path, seconds: float) -> None:
    """Run a part in processes of its own, and end what is left of them when its time is up."""
    record = Record(lines, part.name)
    if seconds <= GRACE:
        record.left_out(part.name, f"the {options.minutes:g} minutes of the run were up")
        return
    until = time.time() + seconds
    count = 1 if options.quick else min(part.processes, max(1, (os.cpu_count() or 2) - 2))
    own = [sys.executable, "-m", "benchmarks.device", "--out", options.out, "--part", part.name]
    own += ["--device", options.device, "--until", str(until - GRACE)]
    own += ["--quick"] if options.quick else []
    running = [
        subprocess.Popen([*own, "--share", str(i), str(count)], start_new_session=True)
        for i in range(count)
    ]
    for number, process in enumerate(running):
        name = f"part {part.name}" + (f", process {number + 1} of {count}" if count > 1 else "")
        try:
            status = process.wait(timeout=max(0.1, until - time.time()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            record.left_out(name, f"ended after {seconds:.0f} s; what it had found is kept")
        else:
            if status:
                record.add("failed", name, note=f"its process ended with status {status}")


if __name__ == "__main__":
    raise SystemExit(main())
