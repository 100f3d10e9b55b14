"""The encoding of a text: by its mark, else UTF-8 where it is that, else that of old Windows."""

from __future__ import annotations

import codecs
from dataclasses import replace

from gan_eval.comparison.reading.source import Source
from gan_eval.runtime.errors import UsageError

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CHUNK = 1 << 20


def decoded(source: Source, told: str | None) -> tuple[Source, str]:
    """Return a source in UTF-8, and the encoding that it had; ``UsageError`` where it is no text.

    A UTF-8 file is left where it is, with its mark if it has one.
    """
    with source.open() as file:
        start = file.read(_CHUNK)
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    encoding = codecs.lookup(told).name if told else marked
    if encoding is None and b"\0" in start:
        raise UsageError(
            f"{source.name!r} is no text, it has zero bytes: save it with a byte order mark if it "
            "is UTF-16, or give `encoding`"
        )
    if encoding in (None, "utf-8", "utf-8-sig"):
        if _is_utf8(source):
            return source, "utf-8"
        if encoding is not None:
            raise UsageError(
                f"{source.name!r} is not a text file in UTF-8: `encoding` names another"
            )
    content = source.read()
    for one in (encoding,) if encoding else ("cp1252", "latin-1"):
        try:
            text = content.decode(one)
        except (UnicodeError, ValueError):
            continue
        return replace(
            source, path=None, held=text.removeprefix("\ufeff").encode("utf-8", "replace")
        ), one
    raise UsageError(f"{source.name!r} is not a text file in {encoding}: `encoding` names another")


def _is_utf8(source: Source) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
