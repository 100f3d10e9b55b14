"""docs/commands.md and every command in the pages: what exists is described, and no other."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main

from gan_eval.cli import app

from .pages import (
    NOTEBOOK,
    PROSE,
    ROOT,
    names_in,
    section,
    table_rows,
)


def commands() -> dict[str, Any]:
    """Heading → the command behind it, the root included."""
    root: Any = typer.main.get_command(app)
    below = {f"## `gan-eval {name}`": command for name, command in root.commands.items()}
    return {"## `gan-eval`": root} | below


@pytest.mark.parametrize("heading", commands())
def test_every_option_and_argument_of_a_command_is_described_and_no_other(heading: str) -> None:
    parameters = commands()[heading].params
    existing = {max(p.opts, key=len) for p in parameters if p.param_type_name == "option"}
    # An argument is known to the user by its metavar.
    existing |= {p.metavar.strip("[]") for p in parameters if p.param_type_name == "argument"}
    described = names_in(section("commands", heading).split("\n### ")[0])
    assert described - {"--help"} == existing - {"--help"}


@pytest.mark.parametrize("heading", commands())
def test_a_default_in_the_commands_page_is_the_default(heading: str) -> None:
    rows = {
        row[0].strip("`").split(" ")[0]: row
        for row in table_rows(section("commands", heading))
        if row[0].startswith("`--")
    }
    for parameter in commands()[heading].params:
        default = parameter.default
        if parameter.param_type_name == "option" and isinstance(default, int | float | str):
            row = rows[max(parameter.opts, key=len)]
            if isinstance(default, bool):
                assert len(row) < 3 or row[1] == "off"
            else:
                assert row[1].strip("`") == str(default), row


def test_every_command_of_the_pages_examples_exists() -> None:
    known = set(typer.main.get_group(app).commands)
    used = set()
    for page in PROSE:
        used |= set(re.findall(r"^\$? ?gan-eval ([a-z]+)", page.read_text("utf-8"), re.M))
    assert used
    assert used <= known


def test_every_option_of_the_pages_examples_exists() -> None:
    """In the README as well: each `--option` behind a command is one that the command has."""
    existing = {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in typer.main.get_group(app).commands.items()
    }
    checked = 0
    for page in [*PROSE, ROOT / "README.md", NOTEBOOK]:
        for line in re.findall(r"gan-eval ([a-z]+(?: [^`\n|]*)?)", page.read_text("utf-8")):
            command, *words = line.split()
            for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(words)):
                if command in existing:
                    assert option in existing[command], (page.name, line)
                    checked += 1
    assert checked > 50
