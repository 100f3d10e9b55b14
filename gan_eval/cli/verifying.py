"""``verify``: whether a report's numbers are those of its data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report.html.")],
) -> None:
    """Recompute every number that a report shows from the data in it; exit 1 where one differs.

    Example: gan-eval verify reports/chapter/report.html
    """
    from gan_eval import printing
    from gan_eval.report.verify import verify as check

    raise typer.Exit(0 if printing.print_verification(check(file)) else 1)
