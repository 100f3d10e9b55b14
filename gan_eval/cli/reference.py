"""The reference of the command line, written from the commands: ``docs/commands``.

``python -m gan_eval.cli.reference`` writes into each page the parts that the commands know:
between a comment ``<!-- written by … -->`` and the next ``<!-- end -->``. What stands around them
is by hand and stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from gan_eval.cli import app
from gan_eval.cli.status import Status
from gan_eval.runtime.errors import UsageError

WRITER = "python -m gan_eval.cli.reference"
EVERY_ONE = {
    Status.USAGE: "Misuse, or what you can mend: a wrong value, a damaged file, a full disk, a "
    "standard output that is closed, a `run` of which no replicate was trained. One sentence on "
    "stderr names the input, the limit and what was got.",
    Status.UNFORESEEN: "An error that was not foreseen, running out of memory among them. One "
    "sentence names a new file, in the folder for temporary files, that holds the traceback.",
    Status.HUNG_UP: "Ended because the terminal was closed (SIGHUP).",
    Status.INTERRUPTED: "Ended by Ctrl-C.",
    Status.TERMINATED: "Ended by SIGTERM.",
}
"""The exit statuses that every command may have."""


@dataclass(frozen=True)
class Help:
    """A docstring of a command in its parts."""

    summary: str
    """Its first sentence."""
    more: tuple[str, ...]
    """Paragraphs behind it."""
    statuses: Mapping[int, str]
    """Exit status → what it says, of those that are the command's own."""
    example: str
    """A command line."""

    @classmethod
    def of(cls, docstring: str) -> Help:
        """Take a docstring apart.

        Example:
            >>> found = Help.of("Do it.\\n\\n\\b\\nExit status:\\n  0  It is\\n     done.")
            >>> found.summary, found.statuses
            ('Do it.', {0: 'It is done.'})
        """
        parts: dict[str, str] = {}
        prose: list[str] = []
        for paragraph in docstring.strip().split("\n\n"):
            name, _, body = paragraph.removeprefix("\b\n").partition(":\n")
            if paragraph.startswith("\b\n"):
                parts[name] = body
            else:
                prose.append(" ".join(paragraph.split()))
        listed = re.findall(r"^  (\d+)  (.*(?:\n {4,}.*)*)", parts.get("Exit status", ""), re.M)
        statuses = {int(status): " ".join(text.split()) for status, text in listed}
        return cls(
            prose[0], tuple(prose[1:]), statuses or {0: "Done."}, parts.get("Example", "").strip()
        )


def commands() -> dict[str, Any]:
    """Return the commands by their names."""
    return dict(typer.main.get_group(app).commands)


def pages() -> dict[str, dict[str, str]]:
    """Write the parts that the commands know: page → name of a part → Markdown."""
    known = commands()
    helps = {name: Help.of(command.help) for name, command in known.items()}
    found = {"commands.md": {"commands": _overview(helps), "statuses": _statuses(helps)}}
    for name, command in known.items():
        found[f"commands/{name}.md"] = {name: _described(name, command, helps[name])}
    return found


def renewed(markdown: str, parts: Mapping[str, str]) -> str:
    """Put parts between their comments in a page; ``UsageError`` where one has no place.

    Example:
        >>> page = "# A\\n\\n<!-- written by python -m gan_eval.cli.reference: a -->\\n<!-- end -->"
        >>> renewed(page, {"a": "new"}).splitlines()[4]
        'new'
    """
    for name, text in parts.items():
        begin, end = f"<!-- written by {WRITER}: {name} -->", "<!-- end -->"
        before, found, rest = markdown.partition(begin)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise UsageError(f"a page has no place for what is written of {name!r}: {begin} {end}")
        markdown = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return markdown


def write(docs: Path) -> list[Path]:
    """Renew the pages in a folder of documentation; return those that changed.

    A command without a page gets one; ``mkdocs.yml`` has to name it.
    """
    changed = []
    for place, parts in pages().items():
        page = docs / place
        old = page.read_text("utf-8") if page.exists() else _new(next(iter(parts)))
        if (new := renewed(old, parts)) != old or not page.exists():
            page.write_text(new, "utf-8")
            changed.append(page)
    return changed


def _new(name: str) -> str:
    return (
        f"# `gan-eval {name}`\n\n"
        f"This page answers: what does `gan-eval {name}` do, which options has it, and what does "
        f"its exit status say?\n\n<!-- written by {WRITER}: {name} -->\n<!-- end -->\n"
    )


def _overview(helps: Mapping[str, Help]) -> str:
    rows = ((f"[`{name}`](commands/{name}.md)", one.summary) for name, one in helps.items())
    return _table(("command", "what it does"), rows)


def _statuses(helps: Mapping[str, Help]) -> str:
    """Write one table of all statuses; commands that say the same of one share a row."""
    said: dict[tuple[int, str], list[str]] = {}
    for name, one in helps.items():
        for status, text in one.statuses.items():
            said.setdefault((status, text), []).append(f"`{name}`")
    rows = [(status, ", ".join(names), text) for (status, text), names in said.items()]
    rows += [(status.value, "every one", text) for status, text in EVERY_ONE.items()]
    order = [Status.YES, Status.NO, Status.COULD_NOT_TELL, *EVERY_ONE]
    rows.sort(key=lambda row: order.index(Status(row[0])))
    return _table(("status", "command", "what it says"), ((str(row[0]), *row[1:]) for row in rows))


def _described(name: str, command: Any, text: Help) -> str:
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [_usage(one) for one in shown if one.param_type_name == "argument"]
    usage = " ".join(["gan-eval", name, *arguments, "[OPTIONS]"])
    parts = [
        " ".join([text.summary, *text.more]),
        f"```sh\n{usage}\n{text.example}\n```",
        "## Options",
        _table(
            ("argument or option" if arguments else "option", "default", "meaning"),
            ((_called(one), _default(one), _cell(one.help)) for one in shown),
        ),
        "## Exit status",
        _table(
            ("status", "what it says"), ((str(n), _cell(said)) for n, said in text.statuses.items())
        ),
        "Others are those of [every command](../commands.md#exit-statuses).",
    ]
    return "\n\n".join(parts)


def _usage(argument: Any) -> str:
    name = argument.metavar + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _called(parameter: Any) -> str:
    """Write what a user types: `--html FILE`, or an argument's name."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    name = max(parameter.opts, key=len)
    first = f"`{name} {parameter.metavar}`" if parameter.metavar else f"`{name}`"
    return ", ".join([first, *(f"`{other}`" for other in parameter.secondary_opts)])


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"`{value}`"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _cell(text: str) -> str:
    """Write a sentence of a help for a cell of a table; options in it as code."""
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]+)(?![\w`-])", r"`\1`", " ".join(text.split()))
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for _page in write(Path(*sys.argv[1:] or ["docs"])):
        print(_page)
