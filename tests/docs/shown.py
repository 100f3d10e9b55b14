"""What a page shows, run: its code, commands and files, beside the output that it states."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_eval.cli import main

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^ *```$",
    re.M | re.S,
)
_NUMBER = re.compile(r"(?<![\w.])[+−-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_CLOCK = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?(?= (?:s|examples/sec)\b)")
_BORDER = re.compile(r"^[┏━┳┓┡╇┩├┼┤└─┴┘╭╮╰╯\s]+$")
SKIP = "…"
"""A line of stated output that stands for any number of printed ones."""


@dataclass
class Step:
    """Something to run, and the output that the page states for it."""

    kind: str
    """``python``, ``command`` or ``file``."""
    source: str
    stated: str | None = None


@dataclass(frozen=True)
class Run:
    """A step and what it printed."""

    step: Step
    printed: str

    @property
    def difference(self) -> str | None:
        """What of the stated output was not printed; None where nothing is stated, or all was."""
        if self.step.stated is None:
            return None
        return difference(self.step.stated, self.printed)


def steps(markdown: str) -> Iterator[Step]:
    """The steps of a page in their order.

    A block of ``python`` is run, and a block of ``text`` right behind it is what it prints. In a
    block of ``console`` each line ``$ gan-eval …`` is run, and ``$ echo $?`` shows its status. A
    block of another language with a title is a file of that name.
    """
    before, end = None, 0
    for found in _FENCE.finditer(markdown):
        body = re.sub(rf"^{found['indent']}", "", found["body"], flags=re.M)
        adjacent = not markdown[end : found.start()].strip()
        end = found.end()
        if found["language"] == "text":
            if before is not None and adjacent:
                before.stated = body
            continue
        if before is not None:
            yield before
            before = None
        if found["language"] == "python":
            before = Step("python", body)
        elif found["language"] == "console":
            for command, stated in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.M):
                yield Step("command", command, stated or None)
        elif found["title"]:
            yield Step("file", found["title"], body)
    if before is not None:
        yield before


def run(markdown: str, folder: Path) -> Iterator[Run]:
    """Run the steps of a page in one namespace, in a folder of their own."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    status = 0
    for step in steps(markdown):
        printed = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            if step.kind == "file":
                (folder / step.source).write_text(step.stated or "", encoding="utf-8")
                step = Step("file", step.source)
            elif step.kind == "python":
                exec(compile(step.source, "<page>", "exec"), namespace)
            elif step.source == "echo $?":
                print(status)
            else:
                status = _command(step.source)
        yield Run(step, printed.getvalue())


def difference(stated: str, printed: str) -> str | None:
    """The first stated line that was not printed, or None.

    Clocks differ from run to run and are held to their form only: seconds, examples/sec, and a
    column of that name. Other numbers may differ by one in the last digit that is stated; whole
    numbers may not.
    """
    lines = _comparable(printed)
    position = 0
    for part in re.split(rf"^{SKIP}$", stated, flags=re.M):
        wanted = _comparable(part)
        starts = range(position, len(lines) - len(wanted) + 1)
        if part is stated:  # nothing is skipped: all of the output is stated
            if len(lines) != len(wanted):
                return f"{len(wanted)} lines are stated, {len(lines)} were printed:\n{printed}"
            starts = range(1)
        for start in starts:
            if all(map(_same, wanted, lines[start:])):
                position = start + len(wanted)
                break
        else:
            return "stated but not printed:\n" + "\n".join(wanted) + f"\n\nprinted:\n{printed}"
    return None


def _command(line: str) -> int:
    program, *arguments = shlex.split(line)
    assert program == "gan-eval", line
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _comparable(output: str) -> list[str]:
    """Lines without borders, runs of blanks as one, and clocks as ``#``."""
    lines: list[str] = []
    clock = None
    for line in output.splitlines():
        if not line.strip() or _BORDER.match(line):
            continue
        cells = re.split("[│┃]", line)
        names = [cell.strip() for cell in cells]
        if "examples/sec" in names:
            clock = names.index("examples/sec")
        elif len(cells) == 1:
            clock = None
        elif clock is not None and clock < len(cells):
            cells[clock] = _NUMBER.sub("#", cells[clock])
        lines.append(_CLOCK.sub("#", " ".join("│".join(cells).split())))
    return lines


def _same(stated: str, printed: str) -> bool:
    if _NUMBER.sub("#", stated) != _NUMBER.sub("#", printed):
        return False
    return all(map(_near, _NUMBER.findall(stated), _NUMBER.findall(printed)))


def _near(stated: str, printed: str) -> bool:
    first, second = (text.replace(",", "").replace("−", "-") for text in (stated, printed))
    digits, _, exponent = first.partition("e")
    decimals = digits.partition(".")[2]
    if not decimals and not exponent:
        return first == second
    unit = 10.0 ** (int(exponent or 0) - len(decimals))
    return abs(float(first) - float(second)) <= 1.001 * unit
