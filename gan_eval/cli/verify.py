"""``gan-eval verify``: recompute the numbers of a report from its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import argument
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    from gan_eval.report.verification.verify import Verification


def verify(
    file: Annotated[
        Path,
        argument("FILE", "A report.html that `run` or `report` wrote, or the folder of the run."),
    ],
) -> Status:
    """Recompute every number that a report shows from its data.

    It writes the report again from the data that the page holds, and compares
    every number and word, the whole markup, and the figures.

    \b
    Exit status:
      0  Every number stands.
      1  Some number does not stand.
      3  It could not tell: the page has too many rows to hold them.

    \b
    Example:
      gan-eval verify reports/chapter/report.html
    """
    from gan_eval.report.verification.verify import verify as check

    found = check(file)
    _print(found)
    return Status.of(found.passed)


def _print(found: Verification) -> None:
    """Print each number that does not stand, or that all do."""
    from gan_eval import __version__
    from gan_eval.cli.console import say
    from gan_eval.cli.tables import SHOWN
    from gan_eval.pages.numbers import plural

    if found.unknown:
        say(f"Could not tell: {found.unknown}.")
        return
    say(*map(str, found.mismatches[:SHOWN]))
    count = len(found.mismatches)
    recomputed = f"{found.numbers:,} numbers recomputed"
    if found.figures and not found.undrawn:
        recomputed += f" and {plural(found.figures, 'figure')} redrawn"
    if count > SHOWN:
        say(f"and {count - SHOWN:,} more")
    if found.undrawn and not count:
        say(
            f"{plural(found.figures, 'figure')}, with captions and CSV, held against checksums "
            f"only: {found.undrawn}"
        )
    if count and found.version != __version__:
        say(
            f"The page was written by gan-eval {found.version}, this is {__version__}, "
            "which may word things otherwise"
        )
    if count:
        stands = "does" if count == 1 else "do"
        say(f"No: {recomputed}, and {count:,} {stands} not stand.")
    else:
        say(f"Yes: {recomputed}, and all stand: the page is what its data give.")
