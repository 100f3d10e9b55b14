"""``gan-eval lab``: a page in which a class moves rates, widths and remedies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, Seed, Workers, command_line, option
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.investigations.lab import Lab


def lab(
    replicates: Annotated[
        int | None,
        option("--replicates N", "Trainings of each setting, 20 to 1000.", "48; of --quick 24"),
    ] = None,
    seed: Seed = 0,
    epochs: Annotated[int, option("--epochs N", "Epochs of each training, 2 to 1000.")] = 20,
    quick: Annotated[
        bool, option("--quick", "Two rates of each net in place of four: 384 settings, not 1,536.")
    ] = False,
    workers: Workers = None,
    out: Annotated[Path, option("--out FILE", "Write the page here.")] = Path("lab.html"),
    kept: Annotated[
        Path | None,
        option("--from FILE", "Make the page of what --json printed before; trains nothing."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a page in which a class moves rates, widths and remedies.

    Every combination is trained before, from the same seeds, and judged. The page
    looks it up, offline, and shows at once how many trainings learned the
    distribution, what the typical one is worth, ellipses, KL and losses.

    \b
    Example:
      gan-eval lab --out lab.html
    """
    from gan_eval.cli.console import print_json, say
    from gan_eval.investigations.lab import Lab, words
    from gan_eval.runtime.files import check_outputs

    check_outputs({"--out": out}, [] if kept is None else [kept])
    if kept is None:
        found = _trained(replicates, seed, epochs, quick, workers)
    elif (replicates, seed, epochs, quick) != (None, 0, 20, False):
        raise UsageError(
            "`--from` goes without `--replicates`, `--seed`, `--epochs` and `--quick`: the file "
            "has its own"
        )
    else:
        found = Lab.load(kept)
    found.save(out)
    if as_json:
        print_json(found.document())
    else:
        say(f"{words.sentence(found)} The page: {out}")


def _trained(
    replicates: int | None, seed: int, epochs: int, quick: bool, workers: int | None
) -> Lab:
    from gan_eval.cli.console import progress_bar
    from gan_eval.investigations.lab import Settings
    from gan_eval.investigations.lab import lab as train

    settings = Settings.of(replicates=replicates, first_seed=seed, epochs=epochs, quick=quick)
    with progress_bar("lab") as show:
        return train(settings, workers=workers, command=command_line(), on_progress=show)
