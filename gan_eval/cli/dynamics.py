"""``gan-eval dynamics``: what theory says of a configuration, before it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, Assignments, Config, command_line, option

if TYPE_CHECKING:
    from gan_eval.investigations.dynamics import Dynamics


def dynamics(
    config: Config = None,
    assignments: Assignments = None,
    discriminators: Annotated[
        int,
        option(
            "--discriminators N",
            "Seeds 0, 1, … whose discriminators are looked at, 1 to 4096; medians are told.",
        ),
    ] = 64,
    trace: Annotated[
        bool,
        option(
            "--trace",
            "Train these seeds too, for what trained discriminators see, and follow expected "
            "gradients, for measured rates beside the predicted ones.",
        ),
    ] = False,
    html: Annotated[
        Path | None,
        option(
            "--html FILE", "Write one offline HTML page with the vector field and the spectrum."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what theory knows of a GAN before it is trained.

    Which errors its discriminator can see when it has gone flat, what bounds the
    KL then, and whether steps of plain gradients keep the equilibrium. It trains
    nothing unless --trace is given, and writes nothing unless --html is.

    \b
    Example:
      gan-eval dynamics --set discriminator_widths=[16] --html dynamics.html
    """
    from gan_eval.cli.console import print_json
    from gan_eval.investigations.dynamics import dynamics as ask
    from gan_eval.runtime.files import check_outputs, write_text
    from gan_eval.training.config import TrainingConfig

    settings = TrainingConfig.read(config, assignments or ())
    check_outputs({"--html": html})
    found = ask(settings, discriminators=discriminators, trace=trace)
    if html is not None:
        from gan_eval.investigations.dynamics.page import render

        write_text(html, render(found, command_line()))
    if as_json:
        print_json(found.document())
    else:
        _print(found)


def _print(found: Dynamics) -> None:
    """Print tables, what they say, and the answer as the last line."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.dynamics import words

    tables = [words.directions(found)]
    if found.spectrum is not None:
        tables += [words.modes(found), words.maps(found)]
    if found.trace is not None:
        from gan_eval.investigations.dynamics import trace

        tables += trace.tables(found.trace)
    for table in tables:
        print_table(table.head, table.rows, table.caption)
    say(*words.answer(found), words.headline(found))
