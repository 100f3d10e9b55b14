"""``verify``: whether a report's numbers are those of its data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_eval.cli.status import Status


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report.html.")],
) -> Status:
    """Recompute every number that a report shows from the data in it; exit 1 where one differs.

    Example: gan-eval verify reports/chapter/report.html
    """
    from gan_eval.cli import printing
    from gan_eval.report.verify import verify as check

    return Status.of(printing.print_verification(check(file)))
