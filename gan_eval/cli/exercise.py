"""``gan-eval exercise``: ask whether the generator wins on finite samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import (
    AsJson,
    Assignments,
    BackendName,
    Config,
    Seed,
    Workers,
    command_line,
    option,
)
from gan_eval.cli.status import Status
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.investigations.exercise.result import Exercise


def exercise(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "fused_cpu",
    seed: Seed = 0,
    replicates: Annotated[
        int, option("--replicates N", "Generators that the tests meet, 2 to 100,000.")
    ] = 60,
    discriminators: Annotated[
        int,
        option(
            "--discriminators N",
            "How many of them, from the first on, meet fresh discriminators; from 2.",
        ),
    ] = 10,
    test_rows: Annotated[
        list[int] | None,
        option(
            "--test-rows N",
            "Generated rows that the tests get, from 10. May be given many times.",
            "10, 20, 50, 100, 200, 500",
        ),
    ] = None,
    fit_rows: Annotated[
        list[int] | None,
        option(
            "--fit-rows N",
            "Real rows, and as many generated ones, that fresh discriminators are fitted to; "
            "from 10. May be given many times; `n_examples` is always among them.",
            "100, 300, 1000, 3000",
        ),
    ] = None,
    widths: Annotated[
        list[str] | None,
        option(
            "--widths A,B",
            "Hidden widths of fresh discriminators beside the configuration's. May be given "
            "many times.",
            "8,4",
        ),
    ] = None,
    restarts: Annotated[
        int, option("--restarts N", "Random starts of each fit, of which the best counts.")
    ] = 3,
    alpha: Annotated[
        float, option("--alpha P", "The level of every test, above 0 and below 1.")
    ] = 0.05,
    workers: Workers = None,
    out: Annotated[
        Path,
        option(
            "--out DIR",
            "Where tables, numbers and page go. A folder with files of these names but without "
            "an `exercise.json` is refused.",
        ),
    ] = Path("reports/exercise"),
    as_json: AsJson = False,
) -> Status:
    """Ask whether the generator wins on finite samples.

    It is the chapter's exercise: is there an equilibrium where the generator
    wins on finite samples? It trains generators, counts from how many rows each
    test tells them from the truth, and fits fresh discriminators.

    \b
    Exit status:
      0  Some number of rows has an answer, yes or no.
      3  Too few generators to tell yes from no, at any number of rows.

    \b
    Example:
      gan-eval exercise --replicates 200 --fit-rows 10000 --widths 20,10
    """
    from gan_eval.cli.console import print_json, progress_bar
    from gan_eval.investigations.exercise import Settings
    from gan_eval.investigations.exercise import exercise as measure
    from gan_eval.investigations.exercise.page import check_folder
    from gan_eval.training.config import TrainingConfig

    settings = Settings.of(
        TrainingConfig.read(config, assignments or ()),
        backend=backend,
        first_seed=seed,
        replicates=replicates,
        discriminators=discriminators,
        test_rows=test_rows or (),
        fit_rows=fit_rows or (),
        widths=None if widths is None else [_widths(text) for text in widths],
        restarts=restarts,
        alpha=alpha,
    )
    check_folder(out)
    with progress_bar("exercise") as show:
        found = measure(settings, workers=workers, command=command_line(), on_progress=show)
    written = found.save(out)
    if as_json:
        print_json(found.document())
    else:
        _print(found, written)
    return Status.YES if found.answered else Status.COULD_NOT_TELL


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"`--widths` takes whole numbers with commas between them, as 20,10, got {text!r}"
        ) from None


def _print(found: Exercise, written: Sequence[Path]) -> None:
    """Print tables, what they say, where the files are, and the answer as the last line."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.exercise import tables, words

    for table in (tables.told_apart(found), tables.decomposition(found)):
        print_table(table.head, table.rows, table.caption)
    files = f"Files: {', '.join(str(path) for path in written)}"
    labelled = (f"{label}: {sentence}" for label, sentence in words.answer(found))
    say(*words.details(found), *labelled, files, words.headline(found))
