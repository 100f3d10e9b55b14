"""``--markdown``: the answer for the summary of a build."""

from __future__ import annotations

import os
from typing import Annotated

from gan_eval.cli.app import option
from gan_eval.runtime.errors import UsageError

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable by which GitHub Actions names the file of a step's summary."""

AsMarkdown = Annotated[
    bool,
    option(
        "--markdown",
        "Print Markdown instead of the tables, and append it to the file that "
        "`$GITHUB_STEP_SUMMARY` names, if that is set.",
    ),
]


def one_form(as_json: bool, markdown: bool) -> None:
    """``UsageError`` where both are wanted, or the summary cannot be written."""
    if as_json and markdown:
        raise UsageError("only one of `--json` and `--markdown` can be printed")
    if markdown and (path := os.environ.get(SUMMARY)):
        _append(path, "")


def print_markdown(text: str) -> None:
    """Print a summary, and append it to the file of the build's step if there is one."""
    print(text, end="")
    if path := os.environ.get(SUMMARY):
        _append(path, f"{text}\n")


def _append(path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"{path!r}, which {SUMMARY} names, cannot be written: {error.strerror or error}"
        ) from None
