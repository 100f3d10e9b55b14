"""A page held against the data in it: its numbers, its words and all of its markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import matplotlib

from gan_eval.pages.language import languages, speaking
from gan_eval.pages.picture import undrawn
from gan_eval.report import embedded
from gan_eval.report.embedded import FIGURE, DamagedDataError, Embedded
from gan_eval.report.page import assemble
from gan_eval.report.verification.reading import Shown, faults, is_same, outside, texts, without
from gan_eval.runtime.arguments import cut, plain, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import reading
from gan_eval.study.results.results import REPORT, Results

_OURS = '<meta name="generator" content="gan_eval">'
_TOO_MANY = (
    "the page has too many rows to hold them, so it cannot be verified by itself: "
    "`gan-eval report` writes it again from the folder of its run"
)
_AROUND = 20
"""Characters that are shown before a difference, and twice as many after."""

_NUMBER = re.compile(r"[−-]?(?:\d[\d\u202f]*(?:\.\d+)?(?:\u00a0×\u00a010[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?|∞)")


@dataclass(frozen=True)
class Mismatch:
    """A difference: its place, what the page says there, and what its data give."""

    where: str
    says: str
    should: str

    def __str__(self) -> str:
        if not self.should:
            return f"{self.where}: {self.says}"
        return f"{self.where}: the page says {self.says}, its data give {self.should}"


@dataclass(frozen=True)
class Verification:
    """A comparison of a page with the page that its data give.

    Attributes
    ----------
    numbers : int
        How many were recomputed.
    figures : int
        How many the page has.
    undrawn : str, optional
        Why these were not drawn again, but held against their checksums alone.
    mismatches : sequence of Mismatch
    version : str
        Of the program that wrote the page.
    unknown : str, optional
        Why the page could not be verified at all, in a sentence.
    """

    numbers: int
    figures: int
    undrawn: str | None
    mismatches: Sequence[Mismatch]
    version: str
    unknown: str | None = None

    @property
    def passed(self) -> bool | None:
        """True where the page is what its data give, None where it does not hold them."""
        return None if self.unknown else not self.mismatches


def verify(path: str | Path) -> Verification:
    """Write a report again from the data that it holds, and compare; of a folder its
    ``report.html``.

    Everything outside the figures must be the same, byte for byte. Figures are drawn again where
    the same version of Matplotlib is here: their words must be the same, their places up to 0.02
    units. Else they must be drawings without anything that runs, loads or leads elsewhere, and have
    the checksums that the page holds. A page with too many rows to hold them cannot be verified.

    Raises
    ------
    UsageError
        Where the file is no report, holds no data, they are damaged, or another template was
        filled with them.
    """
    path = Path(path)
    if path.is_dir() and (path / REPORT).is_file():
        path /= REPORT
    with reading(path):
        html = path.read_bytes().decode("utf-8")
    if _OURS not in html:
        raise UsageError(f"{str(path)!r} is not a report of gan-eval")
    try:
        held = embedded.extract(html)
        if held is None:
            raise UsageError(
                f"{str(path)!r} holds no data to verify it by: only reports of studies do, from "
                "`gan-eval run` and `gan-eval report`"
            )
        if held.template != embedded.template_digest():
            raise UsageError(
                f"{str(path)!r} was written by gan-eval {plain(held.version)} with another "
                "template: verify it with the version that wrote it, or write it again with "
                "`gan-eval report`"
            )
        if held.language not in languages():
            raise UsageError(
                f"{str(path)!r} is in a language that is not known here, {shown(held.language)}: "
                "verify it with the version of gan-eval that wrote it"
            )
        if held.results is None:
            return Verification(0, len(embedded.figures(html)), None, (), held.version, _TOO_MANY)
        why = _why_undrawn(held)
        right = embedded.insert(_again(held, held.results, why is None), held.holder)
    except DamagedDataError as error:
        raise UsageError(f"the data in {str(path)!r} are damaged: {error}") from None
    said, there = texts(html), embedded.figures(html)
    numbers = sum(len(_NUMBER.findall(one.text)) for one in said)
    found = [*_texts(said, texts(right)), *_figures(there, held)]
    if not found and html != right:
        found = [*_beyond_texts(html, right, why is None)]
    return Verification(numbers, len(there), why, found, held.version)


def _why_undrawn(held: Embedded) -> str | None:
    """Why the figures cannot be drawn again, if they cannot."""
    here = matplotlib.__version__
    if held.figures and held.matplotlib != here:
        return f"Matplotlib {plain(held.matplotlib)} drew them, {here} is here"
    return None


def _again(held: Embedded, results: Results, drawn: bool) -> str:
    """The page, written again from its data, with or without pictures."""
    try:
        pictures = nullcontext() if drawn and held.figures else undrawn()
        with pictures, speaking(held.language):
            return assemble(results, held.facts, held.benchmarks)
    except MemoryError:
        raise
    except Exception as error:
        # Anybody may have written the data, and whatever they break is theirs.
        raise DamagedDataError(
            f"no page can be written from them ({type(error).__name__}: {cut(str(error))})"
        ) from None


def _beyond_texts(html: str, right: str, drawn: bool) -> Iterator[Mismatch]:
    """Find the first difference of what texts do not show (elements, attributes, style, script),
    and the figures that are not what was drawn again, or hold more than a drawing."""
    ours, theirs = (outside(html), outside(right)) if drawn else (without(html), right)
    if ours != theirs:
        yield _parting("the markup", ours, theirs)
    pairs = zip(FIGURE.finditer(html), FIGURE.finditer(right if drawn else html), strict=False)
    for one, other in pairs:
        if not drawn:
            wrong = faults(one[1], one[0])
        else:
            wrong = [] if is_same(one[0], other[0]) else ["it is not what its data give"]
        yield from (Mismatch(f"figure {plain(one[1])}", fault, "") for fault in wrong)


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
        yield _parting(theirs.where, ours.text, theirs.text)


def _parting(where: str, ours: str, theirs: str) -> Mismatch:
    """Both texts around the place from which on they differ."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    at = next((i for i, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    return Mismatch(where, _around(ours, at), _around(theirs, at))


def _around(text: str, at: int) -> str:
    text = text.replace("\n", " ")
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
