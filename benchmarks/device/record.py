"""The lines that the parts write, one fact, check or figure each, and the file that holds them."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from gan_eval.runtime.documents import json_ready

WHOLE, DEVICE, JAX = "fused_cuda, whole call", "fused_cuda, device alone", "jax scan"
"""The names that figures of one trainer share; the number of replicates is among the facts."""

Kind = Literal["fact", "check", "figure", "left out", "failed"]


@dataclass(frozen=True)
class Line:
    """One line of one part.

    A ``check`` holds where ``value`` is at most ``limit``, and a check of NaN does not. Of a
    ``figure``, ``lowest`` and ``highest`` are over the rounds whose median ``value`` is. ``note``
    is, of what was left out or failed, the reason.
    """

    part: str
    kind: Kind
    name: str
    value: Any = None
    unit: str = ""
    limit: float | None = None
    lowest: float | None = None
    highest: float | None = None
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """True of a check that passed."""
        # What is not finite is stored as null.
        return self.value is not None and self.limit is not None and self.value <= self.limit


@dataclass(frozen=True)
class Record:
    """A file of lines, to which several processes may add at once, and the part that adds."""

    path: Path
    part: str
    until: float = math.inf
    """When this part is ended, by ``time.time()``."""

    def add(self, kind: Kind, name: str, value: Any = None, **more: Any) -> None:
        line = asdict(Line(self.part, kind, name, value, **more))
        text = json.dumps(json_ready(line), allow_nan=False) + "\n"
        # One write to the file's end: lines of several processes do not mix.
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)

    def fact(self, name: str, value: Any) -> None:
        self.add("fact", name, value)

    def check(self, name: str, value: float, limit: float, unit: str = "", **facts: Any) -> None:
        """Say by how much something differs, and by how much it may."""
        self.add("check", name, float(value), limit=limit, unit=unit, facts=facts)

    def figure(self, name: str, rounds: Sequence[float], unit: str, **facts: Any) -> None:
        """Keep the median of some rounds, and their range."""
        ordered = sorted(rounds)
        middle = ordered[len(ordered) // 2]
        ends = {"lowest": ordered[0], "highest": ordered[-1]}
        self.add("figure", name, middle, unit=unit, **ends, facts=facts)

    def left_out(self, name: str, why: str) -> None:
        self.add("left out", name, note=why)

    def late(self, seconds: float = 0.0) -> bool:
        """Tell whether something that takes so many seconds would come too late."""
        return time.time() + seconds > self.until

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Keep what is raised inside as a line, and go on."""
        try:
            yield
        except ModuleNotFoundError as error:
            self.left_out(name, f"{error.name} is not installed")
        except Exception as error:  # whatever a device raises, the other lines are wanted
            said = " ".join(f"{type(error).__name__}: {error}".split())
            self.add("failed", name, note=said[:500])


def read(path: Path) -> list[Line]:
    """All lines of a file so far; one that a crash cut off is not counted."""
    if not path.exists():
        return []
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(Line(**json.loads(text)))
        except (ValueError, TypeError):
            continue
    return found


def rounds(call: Callable[[], Any], count: int) -> list[float]:
    """Seconds of each of so many calls, after one that does not count.

    What is called returns NumPy's arrays, so that it has waited for the device.
    """
    call()
    found = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found
