"""How a command ends: its exit status, and the streams and signals that may end it.

A command returns a ``Status``, or nothing where it only does something, and raises for the rest:
``UsageError`` for what the user can mend, ``KeyboardInterrupt`` where it is to end. A signal that
asks to end (SIGTERM, SIGHUP) does as Ctrl-C: what is finished is kept. Standard output and error
outlive their readers and can write in any encoding.
"""

from __future__ import annotations

import codecs
import gc
import io
import os
import shlex
import signal
import sys
import tempfile
import threading
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType
from typing import Any, NoReturn, TextIO

import typer

from gan_eval.cli.app import app, as_options, misuse
from gan_eval.runtime.arguments import printable
from gan_eval.runtime.errors import UsageError

_COMPLETE = "_GAN_EVAL_COMPLETE"
"""The variable by which a shell asks for completions."""
_LONGEST = 2000
"""Characters of a sentence; a number of thousands of digits is cut in its middle."""


class Status(IntEnum):
    """The exit statuses of every command."""

    YES = 0
    """Done; of a question: the answer that a gate lets pass."""
    NO = 1
    """The other answer: told apart, slower, not converged, a claim that fails."""
    USAGE = 2
    """Misuse, or what the user can mend: one sentence."""
    COULD_NOT_TELL = 3
    """The question was asked, and what was there does not answer it either way."""
    UNFORESEEN = 70
    """A defect of ours: the traceback is in a file that the one sentence names."""
    HUNG_UP = 129
    """The terminal was closed (SIGHUP)."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""

    @staticmethod
    def of(answer: bool | None) -> Status:
        """Return the status of an answer: yes, no, and None where it could not be told."""
        return Status.COULD_NOT_TELL if answer is None else Status.YES if answer else Status.NO


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the console script; what it prints and how it ends is the user's, never a traceback."""
    # A command makes hundreds of thousands of objects that stay, as modules and pictures. Looking
    # for garbage among them as often as Python does would take a tenth of a short command's time.
    gc.set_threshold(50_000)
    closed = sys.stdout is None
    received: list[int] = []
    try:
        with lasting_streams(), ending_by_signals(received):
            status = _say("standard output is closed") if closed else status_of(arguments)
    except KeyboardInterrupt:  # once more, while what was interrupted was put in order
        status = Status.INTERRUPTED
    if status == Status.INTERRUPTED and received:
        status = 128 + received[-1]
    sys.exit(status)


def status_of(arguments: list[str] | None) -> int:
    """Run one command and return the status that it ends with."""
    # Every fault that Typer finds in the command line derives from this class; it is found
    # through a public descendant because its home moved between Typer's releases.
    faults: Any = typer.BadParameter.__mro__[2]
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except faults as error:
        return _say(misuse(error, arguments))
    except UsageError as error:
        return _say(str(error))
    except OSError as error:
        return _say(_of_the_system(error))
    except (KeyboardInterrupt, typer.Abort) as error:
        return _say(str(error) if isinstance(error, Ended) else "interrupted", Status.INTERRUPTED)
    except BaseException as error:  # a library's panic, or its exit, is no answer of ours either
        return _unforeseen(error)


def _run(arguments: list[str]) -> int:
    # Not `app(…)`, which takes any EOFError for the end of input, and an interrupt for an answer.
    command: Any = typer.main.get_command(app)
    for parameter in command.params:  # there, but not worth two lines of every `--help`
        parameter.hidden = parameter.name in ("install_completion", "show_completion")
    if _COMPLETE in os.environ:  # a shell asks what may come next
        command.main(arguments, "gan-eval")
    try:
        context = command.make_context("gan-eval", list(arguments))
    except SystemExit as end:  # `--install-completion`
        return int(end.code or 0)
    except typer.Exit as exit_:  # `--version`
        return exit_.exit_code
    try:
        with context:
            return Status(command.invoke(context) or Status.YES)
    except typer.Exit as exit_:  # `--help` of a command
        return exit_.exit_code
    except UsageError as error:
        if (used := command.commands.get(context.invoked_subcommand)) is None:
            raise
        options = (one.name for one in used.params if one.param_type_name == "option")
        raise UsageError(as_options(str(error), *options)) from None


def _say(sentence: str, status: Status = Status.USAGE) -> int:
    text = printable(sentence)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    print(f"gan-eval: {text}", file=sys.stderr)
    return status


def _of_the_system(error: OSError) -> str:
    """Say what the system refuses: a full disk, a name that is too long, a file that has gone."""
    said = error.strerror or str(error) or type(error).__name__
    return said if error.filename is None else f"{error.filename!r}: {said}"


def _unforeseen(error: BaseException) -> int:
    what = f"an error that was not foreseen ({type(error).__name__})"
    if isinstance(error, MemoryError):
        what = "this asks for more memory than the machine has"
    try:
        return _say(f"{what}: the traceback is in {_kept(error)!r}", Status.UNFORESEEN)
    except (OSError, MemoryError):
        return _say(f"{what}, and its traceback could not be written", Status.UNFORESEEN)


def _kept(error: BaseException) -> str:
    """Write a traceback to a new file that only this user can read; its path."""
    from gan_eval import __version__

    descriptor, path = tempfile.mkstemp(prefix="gan-eval-", suffix=".txt")
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"gan-eval {__version__}: {shlex.join(sys.argv)}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return path


_SPELLED = (
    "‖|| ≤<= ≥>= ≠!= ≈~ →-> √sqrt ×x ·* ±+/- ∞inf –- —- −- “\" ”\" ‘' ’' "
    "αalpha βbeta γgamma εepsilon μmu σsigma χchi Σsum ∇grad"
)
_PLAIN = {ord(word[0]): word[1:] for word in _SPELLED.split()}
"""The letters that have no decomposition into ASCII, as it is written by hand."""


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks in ASCII: ``≤`` as ``<=``, ``²`` as ``2``, else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    parts = []
    for character in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", character.translate(_PLAIN)).translate(_PLAIN)
        kept = plain.encode("ascii", "ignore").decode()
        parts.append(kept or character.encode("ascii", "backslashreplace").decode())
    return "".join(parts), error.end


codecs.register_error("gan_eval.spelled", _spelled)


class _Sink(io.RawIOBase):
    """The file below a stream. After the first failure to write to it, all else is dropped.

    A reader that has gone is nobody's fault, and the command goes on to its status. Any other
    failure, as of a full disk, raises ``UsageError`` once, of standard output; there is nowhere to
    tell that of standard error.
    """

    def __init__(self, below: Any, name: str | None) -> None:
        self._below, self._name, self._lost = below, name, False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._below.isatty()

    def fileno(self) -> int:
        return self._below.fileno()

    def write(self, data: Any, /) -> int | None:
        if self._lost:
            return memoryview(data).nbytes
        try:
            return self._below.write(data)
        except OSError as error:
            self._lost = True
            if self._name is not None and not isinstance(error, BrokenPipeError):
                raise UsageError(
                    f"{self._name} cannot be written: {error.strerror or error}"
                ) from None
            return memoryview(data).nbytes


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Let print write through such streams inside; a text buffer of a test stays as it is."""
    before = sys.stdout, sys.stderr
    _fill_closed()
    # Of what Python opened (None: it was closed), not of what a caller has put in its place.
    sys.stdout, sys.stderr = _lasting(before[0], "standard output"), _lasting(before[1], None)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(UsageError):  # of a command that has failed, which says why
                stream.flush()
        sys.stdout, sys.stderr = before


def _lasting(stream: TextIO | None, name: str | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    below = getattr(stream.buffer, "raw", stream.buffer)
    return io.TextIOWrapper(
        io.BufferedWriter(_Sink(below, name)),
        stream.encoding,
        "gan_eval.spelled",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _fill_closed() -> None:
    """Put the null device where a standard descriptor is closed: the next file that is opened would
    get its number, and with it whatever a library prints."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


_SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ended(KeyboardInterrupt):
    """A signal that asks to end; what cleans up after Ctrl-C does so after this."""


@contextmanager
def ending_by_signals(received: list[int]) -> Iterator[None]:
    """Raise ``Ended`` in the main thread for these signals inside, and note their numbers."""
    before = {}

    def end(number: int, _: FrameType | None) -> NoReturn:
        received.append(number)
        raise Ended(f"ended by {signal.Signals(number).name}")

    if threading.current_thread() is threading.main_thread():
        # What is ignored stays so, as SIGHUP under `nohup`.
        there = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
        before = {number: signal.signal(number, end) for number in there}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
