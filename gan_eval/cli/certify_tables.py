"""What ``gan-eval certify`` prints and writes: tables, a page, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from gan_eval.cli.console import open_console, plain_table, print_table, progress_bar
from gan_eval.investigations.certify import sections as words
from gan_eval.investigations.certify.certificate import Certificate
from gan_eval.pages.environment import environment
from gan_eval.pages.page import fill
from gan_eval.runtime.files import write_text
from gan_eval.runtime.progress import Progress

_HEADLINES = {
    True: "Every claim is kept.",
    False: "Not every claim is kept.",
    None: "It could not be told whether every claim is kept.",
}


def print_certificate(certificate: Certificate) -> None:
    """Sizes, the smallest KL told apart, and the answer."""
    console = open_console()
    grids = [words.sizes(certificate)]
    if certificate.power:
        grids.append(words.told_apart(certificate))
    for grid in grids:
        console.print(grid.caption, markup=False)
        print_table(console, plain_table(grid.head, grid.rows))
    console.print(words.verdict(certificate), markup=False)


def write_certificate_page(certificate: Certificate, path: Path) -> None:
    """The certificate as one offline HTML page; ``UsageError`` where it cannot be written."""
    page = fill(
        title="gan_eval: can these p-values be trusted?",
        name="certificate",
        question="Do these tests keep what their p-values promise?",
        headline=_HEADLINES[certificate.kept],
        sentences=[(None, words.verdict(certificate))],
        cards=[],
        sections=[words.trust(certificate), environment(certificate.provenance)],
        created=certificate.provenance["created"],
    )
    write_text(path, page)


@contextmanager
def certify_progress() -> Iterator[Callable[[Progress], None]]:
    """An ``on_progress`` for ``certify`` that shows a bar where stderr is a terminal."""
    columns = (
        TextColumn("certifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with progress_bar(*columns) as update:

        def show(stage: Progress) -> None:
            update(total=stage.planned, completed=stage.finished, description=stage.doing)

        yield show
