"""docs/commands.md, docs/commands and every command in the pages: what exists is described."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gan_eval.cli import app
from gan_eval.cli.reference import WRITER, commands, pages, renewed
from gan_eval.cli.status import status_of

from .pages import DOCS, NOTEBOOK, PROSE, ROOT, names_in, section, table_rows, text

STALE = f"the commands have changed: write their pages again by `{WRITER}`, and commit them"


@pytest.mark.parametrize("page", pages())
def test_a_page_of_commands_is_what_they_say(page: str) -> None:
    committed = (DOCS / page).read_text("utf-8") if (DOCS / page).exists() else ""
    assert committed, STALE
    # Compared outside the assertion, whose explanation would bury the message.
    stale = renewed(committed, pages()[page]) != committed
    assert not stale, f"docs/{page} is old: {STALE}"


def test_no_page_is_of_a_command_that_is_gone() -> None:
    assert {page.stem for page in (DOCS / "commands").glob("*.md")} == set(commands())


@pytest.mark.parametrize("name", commands())
def test_every_option_and_argument_of_a_command_is_described_and_no_other(name: str) -> None:
    existing = {
        one
        for p in commands()[name].params
        for one in (
            [max(p.opts, key=len), *p.secondary_opts]
            if p.param_type_name == "option"
            else [p.metavar]
        )
    }
    described = names_in(section(f"commands/{name}", "## Options"))
    assert described | {"--help"} == existing | {"--help"}


def test_the_options_of_the_program_itself_are_described_and_no_other() -> None:
    root: Any = typer.main.get_command(app)
    existing = {max(p.opts, key=len) for p in root.params}
    described = names_in(section("commands", "## `gan-eval`").split("\n### ")[0])
    assert described - {"--help"} == existing - {"--help"}


def test_every_option_and_every_argument_says_what_it_is() -> None:
    for name, command in commands().items():
        for parameter in command.params:
            assert len((parameter.help or "").split()) >= 3, (name, parameter.name)


@pytest.mark.parametrize("name", commands())
def test_the_example_of_a_command_has_only_options_that_it_has(name: str) -> None:
    _, example = re.findall(rf"^gan-eval {name}\b.*$", text(f"commands/{name}"), re.M)[:2]
    options = {option for p in commands()[name].params for option in p.opts}
    assert set(re.findall(r"(?<!\S)--[a-z-]+", example)) <= options


REFUSED = re.compile(r"^\$ gan-eval (.*)\n(gan-eval: .*)$", re.M)


def test_what_a_page_shows_to_be_refused_is_refused_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("real.csv", "a.csv", "b.csv"):
        Path(name).write_text("x,y\n1,2\n2,1\n3,5\n")
    Path("fake.pkl").write_bytes(b"")
    shown = [pair for page in pages() for pair in REFUSED.findall((DOCS / page).read_text("utf-8"))]
    assert len(shown) >= 6
    for command, sentence in shown:
        assert status_of(shlex.split(command)) == 2, command
        assert capsys.readouterr().err.strip() == sentence


def test_a_slip_of_the_hand_is_answered_as_the_page_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, _, *rows = table_rows(section("commands", "### Slips of the hand"))
    assert len(rows) >= 5
    for typed, answered in rows:
        assert status_of(shlex.split(typed.strip("`"))) == 2
        assert capsys.readouterr().err.startswith(f"gan-eval: {answered.partition('…')[0]}")


def test_every_command_of_the_pages_examples_exists() -> None:
    known = set(commands())
    used = set()
    for page in PROSE:
        used |= set(re.findall(r"^\$? ?gan-eval ([a-z]+)", page.read_text("utf-8"), re.M))
    assert used
    assert used <= known


def test_every_option_of_the_pages_examples_exists() -> None:
    """In the README as well: each `--option` behind a command is one that the command has."""
    existing = {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in commands().items()
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
