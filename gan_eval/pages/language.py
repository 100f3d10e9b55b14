"""The language in which pages speak: English, or one that ``locale`` holds a catalogue of.

A text is written in English in the code, as ``_("{count} of {total} …").format(…)``; gettext puts
the catalogue's in its place. ``tox run -e translate`` brings the catalogues up to date.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError

LOCALE = Path(__file__).with_name("locale")
DOMAIN = "gan_eval"
ENGLISH = "en"

_spoken: ContextVar[tuple[str, gettext.NullTranslations]] = ContextVar(
    "_spoken", default=(ENGLISH, gettext.NullTranslations())
)


def languages() -> list[str]:
    """List the languages that pages can be written in, English first."""
    found = sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return [ENGLISH, *found]


def language() -> str:
    """Name the language in use, as HTML names it: ``en``."""
    return _spoken.get()[0]


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Write pages in a language meanwhile.

    Raises
    ------
    UsageError
        Where there is no catalogue of it.
    """
    if name not in languages():
        known = ", ".join(languages())
        raise UsageError(f"`language` must be one of {known}, got {shown(name)}")
    found = (
        gettext.NullTranslations()
        if name == ENGLISH
        else gettext.translation(DOMAIN, LOCALE, [name])
    )
    token = _spoken.set((name, found))
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str) -> str:
    """Translate a text."""
    # The catalogue has its own head under the empty text.
    return _spoken.get()[1].gettext(message) if message else ""


def n_(singular: str, plural: str, n: int) -> str:
    """Translate a text that has a form for one and one for several."""
    return _spoken.get()[1].ngettext(singular, plural, n)


def N_(message: str) -> str:
    """Mark a text of a constant, which is translated where it is used: return it as it is."""
    return message
