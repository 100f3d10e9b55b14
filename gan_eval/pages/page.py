"""A page: its answer first, then its sections, filled into the template; it fetches nothing.

One section is here, since every page has it: where its figures come from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from gan_eval.pages import glossary
from gan_eval.pages.blocks import (
    Answer,
    Block,
    DefinitionList,
    Heading,
    Section,
    Table,
    TableBlock,
)
from gan_eval.pages.language import N_, _, language, n_
from gan_eval.pages.numbers import count, number

_HERE = Path(__file__).parent
SOURCES = ("template.html.j2", "style.css", "page.js", "glossary.py")
"""The files of this folder that a page is made of."""


_OF_THE_SCRIPT = (
    *(N_("Sort by"), N_("as written"), N_("Filter rows"), N_("{shown} of {all} rows")),
    *(N_("epoch {epoch}"), N_("{epoch} of {last}")),
)
"""The texts that page.js writes, for translation."""


def fill(
    *,
    title: str,
    name: str,
    question: str,
    answer: Answer,
    sections: Sequence[Section],
    incomplete: str | None = None,
    created: str | None = None,
) -> str:
    """Fill a page: its question and answer on the first screen, then its sections."""
    moving = answer.moving
    scripts = [source("page.js"), *([moving.script] if moving else [])]
    html = template(_HERE, "template.html.j2").render(
        title=title,
        name=name,
        question=question,
        answer=answer,
        incomplete=incomplete,
        sections=sections,
        created=created,
        style=Markup(source("style.css") + (moving.style if moving else "")),
        scripts=[Markup(script) for script in scripts],
        # Nothing but these very texts runs.
        script_hashes=Markup(" ".join(f"'{_hash(script)}'" for script in scripts)),
        words=glossary.words_in,
        language=language(),
        texts=in_script(json.dumps({text: _(text) for text in _OF_THE_SCRIPT})),
    )
    # A lone surrogate, which JSON can hold, has no UTF-8 form.
    return html.encode("utf-8", "replace").decode("utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def head(*, question: str, answer: Answer, more: str) -> str:
    """Fill the answer of a page alone, as a notebook shows it; ``more`` says where the rest is."""
    return template(_HERE, "head.html.j2").render(question=question, answer=answer, more=more)


@lru_cache
def template(folder: Path, name: str) -> Template:
    """Load a template of a folder, with the filters and the language of a page."""
    jinja = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["spans"] = _spans
    jinja.globals["_"] = _
    return jinja.get_template(name)


def _spans(text: str) -> Markup:
    """Escape a text, and set words between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def in_script(text: str) -> Markup:
    """Make a JSON text safe within a script element."""
    return Markup(text.replace("<", "\\u003c"))


def source(name: str) -> str:
    """Read one of ``SOURCES``."""
    return (_HERE / name).read_text(encoding="utf-8")


MOST_ROWS = 500
"""Rows of a table that grows with the study; what is left out is counted."""


def environment(provenance: Mapping[str, Any]) -> Section:
    """Write the section on where figures come from, and what could not be run."""
    machines = provenance.get("environments") or {"": provenance.get("environment") or {}}
    seconds = provenance.get("seconds")
    run = [
        (_("Workers"), provenance.get("workers")),
        (_("Time taken"), f"{number(seconds)} s" if seconds else None),
        (_("Run at"), provenance.get("created")),
    ]
    blocks: list[Block] = []
    if len(machines) == 1:  # one list, whose terms share a column
        blocks.append(_facts([*_machine(*machines.values()), *run]))
    else:
        for name, machine in machines.items():
            blocks += [
                Heading(_("Environment {name}").format(name=name)),
                _facts(_machine(machine)),
            ]
        blocks += [Heading(_("Run")), _facts(run)]
    if lacking := provenance.get("unavailable"):
        head = (_("backend"), _("state"), _("to install, or what it said"))
        rows = [tuple(str(entry[k]) for k in ("name", "state", "remedy")) for entry in lacking]
        blocks.append(
            TableBlock(
                Table(_("Backends that were not there, or not everywhere"), head, rows, words=3)
            )
        )
    if failures := provenance.get("failures"):
        blocks.append(TableBlock(_failures(failures)))
    return Section("environment", _("Environment"), blocks, folded=True)


def _machine(machine: Mapping[str, Any]) -> list[tuple[str, Any]]:
    memory, packages = machine.get("memory_gib"), machine.get("packages") or {}
    return [
        (_("Processor"), machine.get("processor")),
        (_("Cores in use"), machine.get("cores")),
        (_("Threads per process"), machine.get("threads")),
        (_("Memory"), f"{memory} GiB" if memory else None),
        ("GPU", ", ".join(str(gpu) for gpu in machine.get("gpus") or []) or _("none seen")),
        (_("Platform"), machine.get("platform")),
        ("Python", machine.get("python")),
        (_("Packages"), ", ".join(f"{name} {version}" for name, version in packages.items())),
    ]


def _facts(pairs: Sequence[tuple[str, Any]]) -> DefinitionList:
    return DefinitionList([(term, str(value)) for term, value in pairs if value not in (None, "")])


def _failures(failures: Sequence[Mapping[str, Any]]) -> Table:
    shown = failures[:MOST_ROWS]
    caption = n_(
        "{count} unit of work that failed", "{count} units of work that failed", len(failures)
    ).format(count=count(len(failures)))
    if len(shown) < len(failures):
        caption += _(" (the first {count})").format(count=count(len(shown)))
    return Table(
        caption,
        (_("configuration"), _("backend"), _("device"), _("seeds"), _("message")),
        [
            (
                *(str(failure.get(name, "")) for name in ("configuration", "backend", "device")),
                ", ".join(str(seed) for seed in (failure.get("seeds") or ())[:10]),
                str(failure.get("message", "")),
            )
            for failure in shown
        ],
        words=5,
    )
