"""An answer as GitHub's Markdown, for the summary of a build or a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gan_eval.pages.blocks import Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$!]|:(?=\S))")


def document(
    headline: str, says: Sequence[str], tables: Sequence[Table], facts: Sequence[str]
) -> str:
    """Write a headline, sentences, tables under their captions, and a list of facts.

    Examples
    --------
    >>> print(document("Yes.", ["a_b"], [], ["a fact"]), end="")
    ### Yes.
    <BLANKLINE>
    a\\_b
    <BLANKLINE>
    - a fact
    """
    parts = [f"### {escaped(headline)}", *map(escaped, filter(None, says))]
    parts += [part for one in tables for part in (escaped(one.caption) + ":", table(one))]
    parts.append("\n".join(f"- {escaped(fact)}" for fact in facts))
    return "\n\n".join(parts) + "\n"


def table(made: Table) -> str:
    """Write a table; its numbers stand to the right.

    Examples
    --------
    >>> print(table(Table("", ("who", "n"), [("a|b", "3")])))
    | who | n |
    | :-- | --: |
    | a\\|b | 3 |
    """
    lines = ["| " + " | ".join(map(escaped, row)) + " |" for row in (made.head, *made.rows)]
    marks = [":--" if j < made.words else "--:" for j in range(len(made.head))]
    return "\n".join([lines[0], "| " + " | ".join(marks) + " |", *lines[1:]])


def escaped(text: str) -> str:
    """Write a text such that Markdown takes nothing in it for markup, link or mention.

    Examples
    --------
    >>> print(escaped("a|b_c"))
    a\\|b\\_c
    """
    return _SPECIAL.sub(r"\\\1", re.sub(r"[\r\n]+", " ", text))
