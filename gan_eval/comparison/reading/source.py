"""Where the bytes of a table are: a file, a folder, what was unpacked, or standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.installing import advice_here

MOST_NUMBERS = 2**28
"""Numbers that a file may hold, in float64 2 GiB; on disk they may be packed."""

MOST_COLUMNS = 2**16
"""Columns that a file may have, of which some are chosen."""

TEXTS = {".csv": ",", ".tsv": "\t", ".txt": ","}
"""The endings of texts, each with the separator that is not worth a word."""

RECORDS = (".jsonl", ".ndjson", ".json")
SHEETS = (".xlsx", ".xls")
ENDINGS = (
    *TEXTS, *RECORDS, *SHEETS, ".parquet", ".feather", ".arrow", ".npy", ".npz"
)  # fmt: skip
PACKED = (".gz", ".zst")

STDIN = "-"
_UNSAFE = {".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth", ".dill"}
_MAGIC = {b"PAR1": ".parquet", b"ARROW1": ".feather", b"\x93NUMPY": ".npy"}
_PACKED_MAGIC = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_CHUNK, _STEP = 1 << 20, 1 << 12


@dataclass(frozen=True)
class Source:
    """The bytes of one table.

    Attributes
    ----------
    name : str
        What sentences call it.
    ending : str
        One of ``ENDINGS``, or empty for a folder of Parquet files.
    path : path, optional
        The file or folder, where it can be read in place; else
    held : bytes, optional
        what was unpacked, decoded or came by standard input.
    """

    name: str
    ending: str
    path: Path | None = None
    held: bytes | None = None

    @property
    def place(self) -> Path | io.BytesIO:
        """A path or an open file, as pandas and pyarrow take them."""
        return self.path if self.path is not None else io.BytesIO(self.held or b"")

    def open(self) -> IO[bytes]:
        """Open it for reading; it can be sought in."""
        return self.path.open("rb") if self.path is not None else io.BytesIO(self.held or b"")

    def read(self) -> bytes:
        """Return all of it."""
        if self.held is not None:
            return self.held
        with self.open() as file:
            return file.read()


def locate(path: str | Path) -> Source:
    """Find the table of a path, unpack it where it is packed; ``-`` is standard input.

    ``UsageError`` where there is none, or it is of a kind that is not read; a pickle never is.
    """
    if str(path) == STDIN:
        return _standard_input()
    path = Path(path)
    packed = path.suffix.lower() if path.suffix.lower() in PACKED else ""
    ending = Path(path.stem).suffix.lower() if packed else path.suffix.lower()
    name = str(path)
    if ending in _UNSAFE:
        raise UsageError(
            f"{name!r} is a pickle by its ending, which is never loaded because loading one "
            f"can run any code: save the table as one of {', '.join(ENDINGS)}"
        )
    with opened(name):  # a name may be too long to ask
        if path.is_dir():
            return Source(name, "", path)
        if ending not in ENDINGS:
            before = f" before {packed}" if packed else ""
            raise UsageError(
                f"a table's name must end in {', '.join(ENDINGS)}{before}, got {name!r}"
            )
        if not path.exists():
            raise UsageError(f"there is no file {name!r}")
        if not packed:
            return Source(name, ending, path)
        with path.open("rb") as file:
            return Source(name, ending, held=_unpacked(file, packed, name))


def _standard_input() -> Source:
    name = "standard input"
    with opened(name):
        held = _limited(_chunks(sys.stdin.buffer), name)
    for magic, packed in _PACKED_MAGIC.items():
        if held.startswith(magic):
            held = _unpacked(io.BytesIO(held), packed, name)
    for magic, ending in _MAGIC.items():
        if held.startswith(magic):
            return Source(name, ending, held=held)
    start = held[:_CHUNK].lstrip(b"\xef\xbb\xbf \t\r\n")
    ending = {b"{": ".jsonl", b"[": ".json"}.get(start[:1], ".csv")
    return Source(name, ending, held=held)


def _unpacked(file: IO[bytes], packed: str, name: str) -> bytes:
    if packed == ".gz":
        failures: tuple[type[Exception], ...] = (EOFError, zlib.error, gzip.BadGzipFile)
        chunks = _chunks(gzip.GzipFile(fileobj=file))
    else:
        try:
            import zstandard  # type: ignore[import-not-found]
        except ImportError:
            raise UsageError(
                advice_here(f"{name!r} needs the package zstandard: pip install 'gan-eval[zstd]'")
            ) from None
        failures = (EOFError, zstandard.ZstdError)
        chunks = _frames(file, zstandard.ZstdDecompressor())
    try:
        return _limited(chunks, name)
    except failures:
        raise UsageError(
            f"{name!r} is not a usable {packed} file: it is damaged, or cut off"
        ) from None


def _frames(file: IO[bytes], decompressor: Any) -> Iterator[bytes]:
    """Unpack Zstandard by small steps, each of which may grow 30,000-fold, up to its end."""
    frame, left = decompressor.decompressobj(), b""
    while chunk := left or file.read(_STEP):
        if frame.eof:
            frame = decompressor.decompressobj()
        yield frame.decompress(chunk)
        left = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise EOFError


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _limited(chunks: Iterable[bytes], name: str) -> bytes:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        require_room(name, len(held) // 8)
    return bytes(held)


@contextmanager
def opened(name: str) -> Iterator[None]:
    """Turn an error of the system into a ``UsageError`` that names the file."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{name!r} cannot be read: {error.strerror or error}") from None


def require_room(name: object, count: int) -> None:
    """Raise ``UsageError`` where a file unpacks to more than ``MOST_NUMBERS``."""
    if count > MOST_NUMBERS:
        raise UsageError(
            f"{str(name)!r} must hold at most {MOST_NUMBERS} numbers, got {count:.3g}: save a "
            "part of its rows"
        )


def require_columns(name: object, count: int) -> None:
    """Raise ``UsageError`` where a file has more columns than ``MOST_COLUMNS``."""
    if count > MOST_COLUMNS:
        raise UsageError(f"{str(name)!r} must have at most {MOST_COLUMNS} columns, got {count}")


def positions(count: int) -> list[str]:
    """Name columns without names: x1, x2, …"""
    return [f"x{i + 1}" for i in range(count)]
