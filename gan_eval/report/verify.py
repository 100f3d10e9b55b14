"""Whether the numbers that a page shows are those that its embedded data give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from gan_eval.errors import UsageError
from gan_eval.report.canvas import undrawn
from gan_eval.report.embedded import DamagedDataError, Embedded, extract, figures
from gan_eval.report.page import assemble
from gan_eval.report.shown import Shown, shown
from gan_eval.settings import read_text

_OURS = '<meta name="generator" content="gan_eval">'
_AROUND = 20
"""Characters that are shown before a difference, and twice as many after."""

_NUMBER = re.compile(r"[−-]?(?:\d[\d\u202f]*(?:\.\d+)?(?:\u00a0×\u00a010[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?|∞)")


@dataclass(frozen=True)
class Mismatch:
    """What does not stand: where it is, what the page says, and what its data give."""

    where: str
    says: str
    should: str

    def __str__(self) -> str:
        if not self.should:
            return f"{self.where}: {self.says}"
        return f"{self.where}: the page says {self.says}, its data give {self.should}"


@dataclass(frozen=True)
class Verification:
    """``numbers`` is how many were recomputed; ``version`` wrote the page."""

    numbers: int
    mismatches: Sequence[Mismatch]
    version: str


def verify(path: str | Path) -> Verification:
    """Recompute what a report shows from the data that it holds.

    Raises
    ------
    UsageError
        Where the file is no report, holds no data, or they are damaged.
    """
    html = read_text(Path(path))
    if _OURS not in html:
        raise UsageError(f"{str(path)!r} is not a report of gan-eval")
    try:
        held = extract(html)
        if held is None:
            raise UsageError(
                f"{str(path)!r} holds no data to verify it by: only reports of studies do, from "
                "`gan-eval run` and `gan-eval report`"
            )
        right = _again(held)
    except DamagedDataError as error:
        raise UsageError(f"the data in {str(path)!r} are damaged: {error}") from None
    said = shown(html)
    numbers = sum(len(_NUMBER.findall(one.text)) for one in said)
    found = [*_texts(said, shown(right)), *_figures(figures(html), held)]
    return Verification(numbers, found, held.version)


def _again(held: Embedded) -> str:
    """The page, written again from its data, without pictures."""
    try:
        with undrawn():
            return assemble(held.results, held.facts, held.benchmarks)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise DamagedDataError(
            f"no page can be written from them ({type(error).__name__}: {error})"
        ) from None


def _texts(said: Sequence[Shown], right: Sequence[Shown]) -> Iterator[Mismatch]:
    if len(said) == len(right):
        for ours, theirs in zip(said, right, strict=True):
            if ours.text != theirs.text:
                yield from _differences(ours, theirs)
        return
    matcher = SequenceMatcher(None, [s.text for s in said], [r.text for r in right], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        for ours, theirs in zip(said[a:b], right[c:d], strict=False):
            yield from _differences(ours, theirs)
        for extra in said[a + d - c : b] if b - a > d - c else ():
            yield Mismatch(extra.where, f"{extra.text!r} is not of its data", "")
        for lacking in right[c + b - a : d] if d - c > b - a else ():
            yield Mismatch(lacking.where, f"{lacking.text!r} is missing", "")


def _differences(ours: Shown, theirs: Shown) -> Iterator[Mismatch]:
    """The numbers that differ; where words do too, both texts around the first difference."""
    numbers = [_NUMBER.findall(one.text) for one in (ours, theirs)]
    same_words = _NUMBER.sub("#", ours.text) == _NUMBER.sub("#", theirs.text)
    if same_words and len(numbers[0]) == len(numbers[1]):
        for one, other in zip(*numbers, strict=True):
            if one != other:
                yield Mismatch(theirs.where, one, other)
    else:
        pairs = enumerate(zip(ours.text, theirs.text, strict=False))
        shorter = min(len(ours.text), len(theirs.text))
        at = next((i for i, (one, other) in pairs if one != other), shorter)
        yield Mismatch(theirs.where, _around(ours.text, at), _around(theirs.text, at))


def _around(text: str, at: int) -> str:
    begin, end = max(at - _AROUND, 0), at + 2 * _AROUND
    return f"“{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}”"


def _figures(there: dict[str, str], held: Embedded) -> Iterator[Mismatch]:
    for name in dict.fromkeys([*held.figures, *there]):
        if name not in there:
            yield Mismatch(f"figure {name}", "it is missing", "")
        elif name not in held.figures:
            yield Mismatch(f"figure {name}", "it is not one that was written", "")
        elif there[name] != held.figures[name]:
            changed = "its drawing, its caption or its CSV is not what was written"
            yield Mismatch(f"figure {name}", changed, "")
