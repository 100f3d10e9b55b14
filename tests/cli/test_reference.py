"""The reference that the commands write of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from gan_eval.cli import reference
from gan_eval.cli.app import argument, option
from gan_eval.runtime.errors import UsageError


def greet(
    who: Annotated[list[str], argument("WHO", "Whom to greet, one or more.")],
    times: Annotated[int, option("--times N", "How often, with --loud or not.")] = 3,
    out: Annotated[str | None, option("--out FILE", "Where to | what.", "stdout")] = None,
    loud: Annotated[bool | None, option("--loud/--soft", "Whether loudly.", "by day")] = None,
    plain: Annotated[bool, option("--plain", "Without any colour.")] = False,
    note: Annotated[str | None, option("--note TEXT", "What to add to it.")] = None,
) -> None:
    """Greet them.

    All of them, in the order
    that is given.

    \b
    Exit status:
      0  All were greeted.
      1  Some were not, of whom
         each is named.

    \b
    Example:
      gan-eval greet Ada --times 2
    """


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The documentation of a program of one command."""
    app = typer.Typer(rich_markup_mode=None)
    app.command()(greet)
    app.callback()(lambda: None)
    monkeypatch.setattr(reference, "app", app)
    blocks = "".join(
        f"<!-- written by {reference.WRITER}: {name} -->\nbefore\n<!-- end -->\n\nby hand\n"
        for name in ("commands", "statuses")
    )
    (tmp_path / "commands.md").write_text(f"# Commands\n\n{blocks}")
    (tmp_path / "commands").mkdir()
    reference.write(tmp_path)
    return tmp_path


def test_a_command_is_described_from_what_it_declares(written: Path) -> None:
    page = (written / "commands" / "greet.md").read_text("utf-8")
    assert "Greet them. All of them, in the order that is given." in page
    assert "gan-eval greet WHO… [OPTIONS]\ngan-eval greet Ada --times 2\n" in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert table[2:] == [
        "| `WHO` | required | Whom to greet, one or more. |",
        "| `--times N` | `3` | How often, with `--loud` or not. |",
        r"| `--out FILE` | stdout | Where to \| what. |",
        "| `--loud`, `--soft` | by day | Whether loudly. |",
        "| `--plain` | off | Without any colour. |",
        "| `--note TEXT` | none | What to add to it. |",
        "| status | what it says |",
        "|---|---|",
        "| 0 | All were greeted. |",
        "| 1 | Some were not, of whom each is named. |",
    ]


def test_the_first_page_has_all_commands_and_statuses_and_keeps_what_is_by_hand(
    written: Path,
) -> None:
    page = (written / "commands.md").read_text("utf-8")
    assert "before" not in page
    assert page.count("by hand") == 2
    rows = [line.split(" | ")[:2] for line in page.splitlines() if line.startswith("| ")]
    assert rows[1] == ["| [`greet`](commands/greet.md)", "Greet them. |"]
    assert [row[0].strip("| ") for row in rows[3:]] == ["0", "1", "2", "70", "129", "130", "143"]


def test_writing_again_changes_nothing_and_keeps_prose(written: Path) -> None:
    page = written / "commands" / "greet.md"
    page.write_text(page.read_text("utf-8") + "\n## By hand\n\nMore on it.\n", "utf-8")
    before = page.read_text("utf-8")
    assert reference.write(written) == []
    assert page.read_text("utf-8") == before


def test_a_page_without_a_place_for_what_is_written_is_misuse(written: Path) -> None:
    (written / "commands" / "greet.md").write_text("# Greet\n")
    with pytest.raises(UsageError, match="no place"):
        reference.write(written)
