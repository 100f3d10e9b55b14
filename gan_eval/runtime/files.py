"""The one way in which files are written: whole or not at all, and never in the place of what is
no file.

A file is written under a random name in the folder of the one that it replaces, flushed to the
disk, and renamed. Its name is made exclusively, so that nobody who may write in that folder can
have it point elsewhere. A symbolic link is followed, and what it leads to is replaced. A pipe or a
character device, as ``/dev/stdout`` may be, is written into when everything is known.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from gan_eval.runtime.errors import UsageError

_IN_MEMORY = 2**24
"""Bytes for a pipe that are kept in memory; more go through a temporary file."""

_MOST_LINKS = 40
_NO_FILES = {"directory": stat.S_ISDIR, "socket": stat.S_ISSOCK, "block device": stat.S_ISBLK}


@contextmanager
def replacing(path: str | Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file to write, which takes the place of the one at a path when the block ends well.

    Parameters
    ----------
    path : path
        Its folder is made if there is none. The mode of a file that is replaced is kept.
    mode : str
        ``"w"`` for text in UTF-8, whose lines end as they are written, or ``"wb"``.

    Raises
    ------
    UsageError
        In one sentence, where the file cannot be written, for whatever reason; what was there
        before is there still, and nothing else is left.
    """
    with _in_one_sentence(path), ExitStack() as stack:
        pending = _pending(path, mode, stack)
        yield pending.file
        pending.finish()
        pending.take_place()


def write_text(path: str | Path, text: str) -> None:
    """Write a text into a file, as ``replacing`` does."""
    with replacing(path) as file:
        file.write(text)


def write_files(files: Mapping[Path, str | Callable[[IO[str]], object]]) -> None:
    """Write several files that belong together: texts, or functions that are given the open file.

    None takes its place before all are on the disk, so that a full one leaves the old ones.
    ``UsageError`` as ``replacing``.
    """
    with ExitStack() as stack:
        written = []
        for path, content in files.items():
            with _in_one_sentence(path):
                pending = _pending(path, "w", stack)
                if isinstance(content, str):
                    pending.file.write(content)
                else:
                    content(pending.file)
                pending.finish()
            written.append((path, pending))
        for path, pending in written:
            with _in_one_sentence(path):
                pending.take_place()


def check_writable(path: str | Path) -> None:
    """Raise ``UsageError`` where a file cannot be written, before any work is done for it.

    Nothing is opened or made. What happens meanwhile, or a full disk, is found when it is written.
    """
    path = Path(path)
    with _in_one_sentence(path):
        if (descriptor := _descriptor(path)) is not None:
            _check_open_for_writing(descriptor)
        else:
            _destination(path)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Raise ``UsageError`` where a command cannot write what it was asked to, before any work.

    Parameters
    ----------
    outputs : mapping
        The file of each option, as ``--html``; None where it was not given.
    inputs : paths
        The files that the command reads: none of them may be replaced.

    Raises
    ------
    UsageError
        As ``check_writable``; and where a file would take the place of one that is read, or of
        another output.
    """
    taken = {os.path.realpath(path): f"{str(path)!r}, which is read" for path in inputs}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        if is_stream(path):
            continue
        place = os.path.realpath(path)
        if place in taken:
            raise UsageError(f"`{option}` would replace {taken[place]}: name another file")
        taken[place] = f"{str(path)!r}, which `{option}` writes"


def append_text(path: str | Path, text: str) -> None:
    """Write a text at the end of a file that is there; ``UsageError`` where that cannot be done, or
    the path is a symbolic link."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    with (
        _in_one_sentence(path),
        open(path, "a", encoding="utf-8", opener=lambda name, _: os.open(name, flags)) as file,
    ):
        file.write(text)


def is_stream(path: str | Path) -> bool:
    """Say whether a path is of a pipe, a device or an open file, beside which no file belongs."""
    path = Path(path)
    with _in_one_sentence(path):
        if _descriptor(path) is not None:
            return True
        _, there = _destination(path)
        return there is not None and not stat.S_ISREG(there.st_mode)


@contextmanager
def new_beside(target: Path, permissions: int = 0o666) -> Iterator[tuple[Path, int]]:
    """Make a new, empty file of a random name in the folder of a file that is to be, and open it:
    its descriptor, which the block closes; deleted if it is still there when the block ends.

    Its folder is made if there is none. The permissions are less the process's mask.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{secrets.token_hex(8)}.partial")  # a long name leaves no room for it
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, permissions)
    try:
        yield path, descriptor
    finally:
        path.unlink(missing_ok=True)


class _Replacement:
    """A file under a random name, which takes the place of a regular one."""

    def __init__(self, target: Path, there: os.stat_result | None, mode: str, stack: ExitStack):
        permissions = 0o666 if there is None else there.st_mode & 0o777
        self.target = target
        self.path, descriptor = stack.enter_context(new_beside(target, permissions))
        self.file: IO[Any] = stack.enter_context(_opened(os.fdopen(descriptor, "wb"), mode))
        if there is not None:
            os.chmod(self.path, permissions)

    def finish(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def take_place(self) -> None:
        self.path.replace(self.target)
        with suppress(OSError):  # where folders cannot be flushed
            descriptor = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _Stream:
    """A text for a pipe or a device, kept until all of it is known."""

    def __init__(self, opened: Callable[[], int], mode: str, stack: ExitStack):
        self.open = opened
        self.kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (the stack closes it)
        stack.callback(self.kept.close)
        self.file: IO[Any] = _opened(self.kept, mode)

    def finish(self) -> None:
        self.file.flush()

    def take_place(self) -> None:
        self.kept.seek(0)
        with open(self.open(), "wb") as stream:
            shutil.copyfileobj(self.kept, stream)


def _pending(path: str | Path, mode: str, stack: ExitStack) -> _Replacement | _Stream:
    path = Path(path)
    if (descriptor := _descriptor(path)) is not None:
        return _Stream(lambda: _duplicate(descriptor), mode, stack)
    target, there = _destination(path)
    if there is not None and not stat.S_ISREG(there.st_mode):
        return _Stream(lambda: os.open(target, os.O_WRONLY | os.O_NOCTTY), mode, stack)
    return _Replacement(target, there, mode, stack)


def _destination(path: Path) -> tuple[Path, os.stat_result | None]:
    """Follow the links of a path to its file, and look what is there; raise where that is nothing
    to write to."""
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        there = None
    target = Path(os.path.realpath(path))
    if there is not None:
        for kind, holds in _NO_FILES.items():
            if holds(there.st_mode):
                raise UsageError(f"{str(path)!r} is a {kind}, a file's name is needed")
        if not os.access(target, os.W_OK):
            raise PermissionError("permission denied")
    if there is None or stat.S_ISREG(there.st_mode):
        folder = (target if path.is_symlink() else path).parent  # as the user named it
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(f"{str(folder)!r} is a file")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"permission denied in the folder {str(folder)!r}")
    return target, there


def _descriptor(path: Path) -> int | None:
    """Find the open file of this process that a path means, as ``/dev/stdout`` means 1."""
    place = str(path)
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(os.path.dirname(place))
        name = os.path.basename(place)
        if folder in (f"/proc/{os.getpid()}/fd", "/dev/fd") and name.isdecimal():
            return int(name)
        place = os.path.join(folder, name)
        if not os.path.islink(place):
            break
        place = os.path.join(folder, os.readlink(place))
    return None


def _check_open_for_writing(descriptor: int) -> None:
    import fcntl  # where there are such paths, there is this

    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise PermissionError("it is open for reading only")


def _duplicate(descriptor: int) -> int:
    """Make another descriptor of an open file, at the place up to which that was written."""
    _check_open_for_writing(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    return os.dup(descriptor)


def _opened(binary: Any, mode: str) -> IO[Any]:
    if mode == "wb":
        return binary
    # Half a surrogate pair, which JSON can hold, has no UTF-8 form.
    return io.TextIOWrapper(binary, "utf-8", "backslashreplace", newline="")


def read_text(path: str | Path) -> str:
    """Read a text file; ``UsageError`` where it is missing, unreadable, a directory or binary."""
    with reading(path):
        return Path(path).read_text(encoding="utf-8")


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Raise ``UsageError`` for whatever keeps the text of a file from being read inside."""
    path = Path(path)
    try:
        yield
    except UsageError:
        raise
    except FileNotFoundError:
        raise UsageError(f"there is no file {str(path)!r}") from None
    except IsADirectoryError:
        raise UsageError(f"{str(path)!r} is a directory, a file is needed") from None
    except UnicodeDecodeError:
        raise UsageError(f"{str(path)!r} is not a text file in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{str(path)!r} cannot be read: {reason}") from None


@contextmanager
def _in_one_sentence(path: str | Path) -> Iterator[None]:
    try:
        yield
    except UsageError:
        raise
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _descriptor(Path(path)) is not None:
            raise  # as where standard output is written to without being named
        reason = error.strerror or str(error)
        raise UsageError(f"{str(path)!r} cannot be written: {reason}") from None
