"""``gan-eval backends``: which there are, and how a missing one is installed."""

from __future__ import annotations

from gan_eval.cli.options import AsJson


def backends(as_json: AsJson = False) -> None:
    """List the backends: installed or not, their devices, and how to install what is missing.

    Example: gan-eval backends --json
    """
    from dataclasses import asdict

    from gan_eval.cli import console, printing
    from gan_eval.training.backends import catalogue

    found = catalogue()
    if as_json:
        console.print_json({"backends": [asdict(entry) for entry in found]})
    else:
        printing.print_backends(found)
