"""From what a command does or raises to the status of the process."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Any, NoReturn

import typer

from gan_eval.cli.application import app
from gan_eval.errors import UsageError
from gan_eval.settings import printable


class Status(IntEnum):
    """The exit statuses of every command."""

    YES = 0
    """Done; of a question: the answer that a gate lets pass."""
    NO = 1
    """The other answer: told apart, slower, not converged, a claim that fails."""
    USAGE = 2
    """Misuse, or what the user can mend: one sentence."""
    COULD_NOT_TELL = 3
    """The question was asked, and what was there could not have answered it either way."""
    UNFORESEEN = 70
    """A defect of ours: the traceback is in a file that the one sentence names."""
    INTERRUPTED = 130
    """Ctrl-C."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script: status 0, 1 for "no", 2 for misuse, 130 for Ctrl-C; no traceback."""
    sys.exit(status_of(arguments))


def status_of(arguments: list[str] | None) -> int:
    # Every fault that Typer finds in the command line derives from this class; it is found
    # through a public descendant because its home moved between Typer's releases.
    misuse: Any = typer.BadParameter.__mro__[2]
    try:
        return int(app(args=arguments, prog_name="gan-eval", standalone_mode=False) or 0)
    except typer.Exit as exit_:
        return exit_.exit_code
    except misuse as error:
        return _refuse(error.format_message())
    except UsageError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("this asks for more memory than the machine has")
    except (KeyboardInterrupt, typer.Abort):
        print("gan-eval: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; there is no one left to tell.
        sys.stdout = None
        return 1


def _refuse(sentence: str) -> int:
    print(f"gan-eval: {printable(sentence)}", file=sys.stderr)
    return 2
