"""The units of a certification that have ended, in a file from which an interrupted one goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from gan_eval.investigations.certify import closed_form, power, size
from gan_eval.investigations.certify.catalogue import TESTS, Subject
from gan_eval.runtime.documents import restored
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import append_text, reading, write_text
from gan_eval.runtime.pool import Task
from gan_eval.runtime.provenance import source_version

_HEAD = {"checkpoint of": "gan-eval certify", "format": 1}

_KINDS: Mapping[Any, tuple[str, Any]] = {
    size.count: ("size", size.Counts),
    power.measure: ("power", power.PowerCurve),
    closed_form.measure: ("mean", closed_form.MeanCase),
}
"""Units by their function: the name in the file, and the class of what it gives."""


def beside(path: Path) -> Path:
    """Name the checkpoint's file of a certificate's file."""
    return path.with_name(f"{path.name}.part")


class Checkpoint:
    """A file with a line for each finished unit of work.

    A unit is known again by everything its outcome follows from: what it measures, its settings,
    the seed, the sources of the tests, and the versions of NumPy, SciPy and PyTorch. Units of a
    test that is none of ``TESTS`` are not kept: of its code nothing is known. A line that was cut
    off is measured again.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UsageError
        Where the file is there and is none of these, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str | None, Any] = {}
        self._begun = False
        if not os.path.lexists(path):
            return
        if path.is_symlink():  # nothing of ours: whoever made it chose what would be written to
            raise UsageError(f"{str(path)!r} is a symbolic link, move it away")
        with reading(path):
            first, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
        if not first and not lines:  # left by an earlier version where the disk was full
            return
        self._begun = True
        if _parsed(first) != _HEAD:
            raise UsageError(
                f"{str(path)!r} is not a checkpoint of gan-eval certify, move it away or "
                "name another file"
            )
        for line in lines:
            record = _parsed(line)
            if isinstance(record, dict) and {"unit", "found"} <= set(record):
                self._known[json.dumps(record["unit"])] = record["found"]

    def find(self, task: Task) -> tuple[bool, Any]:
        """Tell whether a unit ended in an earlier run, and its outcome."""
        if (name := _name(task)) not in self._known:
            return False, None
        record = self._known[name]
        try:
            return True, None if record is None else restored(_KINDS[task[0]][1], record)
        except (AttributeError, LookupError, TypeError, ValueError):  # a line that was damaged
            return False, None

    def keep(self, task: Task, outcome: Any) -> None:
        """Write a unit that has ended; ``UsageError`` where that cannot be done."""
        if (name := _name(task)) is None:
            return
        found = None if outcome is None else asdict(outcome)
        line = json.dumps({"unit": json.loads(name), "found": found})
        if not self._begun:
            write_text(self.path, json.dumps(_HEAD) + "\n")
            self._begun = True
        # The newline before it ends whatever a process that was killed has left.
        append_text(self.path, f"\n{line}\n")

    def remove(self) -> None:
        """Delete the file: the certificate is written."""
        self.path.unlink(missing_ok=True)


def _name(task: Task) -> str | None:
    """Write as text all that a unit's outcome follows from; None for a test from outside."""
    function, *arguments = task
    parts: list[Any] = [_KINDS[function][0], source_version("gan_eval.investigations.certify.run")]
    for argument in arguments:
        if isinstance(argument, Subject):
            if TESTS.get(argument.name) is not argument:
                return None
            parts.append(argument.name)
        elif isinstance(argument, range):
            parts.append([argument.start, argument.stop])
        else:
            parts.append(argument)
    return json.dumps(parts)


@cache
def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
