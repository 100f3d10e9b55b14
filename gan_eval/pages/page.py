"""A page: its answer first, then its sections, filled into the template; it fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from gan_eval.pages.blocks import Card, Section

_HERE = Path(__file__).parent
SOURCES = ("template.html.j2", "style.css", "page.js")
"""The files of this folder that a page is made of."""


def fill(
    *,
    title: str,
    name: str,
    question: str,
    headline: str,
    sentences: Sequence[tuple[str | None, str]],
    cards: Sequence[Card],
    sections: Sequence[Section],
    incomplete: str | None = None,
    created: str | None = None,
) -> str:
    """Fill a page: its answer first (question, headline, sentences, cards), then its sections."""
    script = source("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    html = _template().render(
        title=title,
        name=name,
        question=question,
        headline=headline,
        incomplete=incomplete,
        sentences=sentences,
        cards=cards,
        sections=sections,
        created=created,
        style=Markup(source("style.css")),
        script=Markup(script),
        # Nothing but this very text runs.
        script_hash=Markup("sha256-" + base64.b64encode(digest).decode()),
    )
    # A lone surrogate, which JSON can hold, has no UTF-8 form.
    return html.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["spans"] = _spans
    return environment.get_template("template.html.j2")


def _spans(text: str) -> Markup:
    """Escape a text, and set words between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def source(name: str) -> str:
    """Read one of ``SOURCES``."""
    return (_HERE / name).read_text(encoding="utf-8")
