"""What `tox run -e translate` does: the texts of pages to a template, catalogues, compiled ones.

A text stands in the code, as ``_("…")``, ``n_("…", "…", n)`` or, in a constant, ``N_("…")``. The
template ``gan_eval.pot`` has all of them, the catalogue ``gan_eval.po`` of a language what stands
for each there. Nothing of the package is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[2] / "gan_eval"
LOCALE = PACKAGE / "pages" / "locale"
TEMPLATE = LOCALE / "gan_eval.pot"
PLACE = "LC_MESSAGES/gan_eval.po"

_METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
_KEYWORDS = {"_": None, "N_": None, "n_": (1, 2)}


def languages() -> list[str]:
    """The languages that a catalogue is there of."""
    return sorted(path.parts[-3] for path in LOCALE.glob(f"*/{PLACE}"))


def path_of(language: str) -> Path:
    return LOCALE / language / PLACE


def extracted() -> Catalog:
    """All texts of the package, each with the files in which it stands."""
    found = Catalog(fuzzy=False)
    for file, _line, message, *_ in extract_from_dir(PACKAGE, _METHODS, keywords=_KEYWORDS):
        found.add(message, locations=[(f"{PACKAGE.name}/{Path(file).as_posix()}", 0)])
    return found


def catalogue(language: str) -> Catalog:
    """A language's catalogue as its file has it."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """A language's catalogue with the texts of now: new ones are empty, those of old go."""
    old, new = catalogue(language), extracted()
    made = Catalog(language, header_comment=old.header_comment, fuzzy=False)
    for message in new:
        if message.id:
            known = old.get(message.id)
            made.add(message.id, known.string if known else None, message.locations)
    return made


def written(found: Catalog, header: bool) -> bytes:
    """A catalogue as its file has it: by text, without dates, lines or wrapping."""
    for message in found:
        message.flags.clear()  # “95 % interval” is taken for a format of Python's
    file = BytesIO()
    write_po(file, found, 0, omit_header=True, sort_output=True, include_lineno=False)
    head = ""
    if header:
        head = (
            f"{found.header_comment}\n"
            'msgid ""\nmsgstr ""\n'
            f'"Language: {found.locale}\\n"\n'
            f'"Plural-Forms: {found.plural_forms}\\n"\n'
            '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        )
    return head.encode() + file.getvalue()


def compiled(found: Catalog) -> bytes:
    """A catalogue as gettext reads it; what is not translated is left out."""
    file = BytesIO()
    found.revision_date = found.creation_date = datetime(2000, 1, 1, tzinfo=UTC)  # the same bytes
    write_mo(file, found)
    return file.getvalue()


def forms(text: str | Iterable[str] | None) -> list[str]:
    """A text's forms: one, or one for each number."""
    return [text] if isinstance(text, str) else list(text or ())


def main() -> None:
    """Write the template, and each language's catalogue, compiled beside it."""
    TEMPLATE.write_bytes(written(extracted(), header=False))
    for language in languages():
        path = path_of(language)
        path.write_bytes(written(updated(language), header=True))
        path.with_suffix(".mo").write_bytes(compiled(catalogue(language)))
        left = sum(not any(forms(one.string)) for one in catalogue(language) if one.id)
        print(f"{language}: {left} of {len(catalogue(language))} texts are not translated")


if __name__ == "__main__":
    main()
