"""docs/certify.md says what is there."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from gan_eval.investigations.certify import TESTS
from gan_eval.investigations.certify.alternatives import LAWS, PATHS

PAGE = (Path(__file__).parents[3] / "docs" / "certify.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> str:
    """The first cells of the tables' rows under a heading or a bold opening."""
    text = PAGE.split(heading, 1)[1]
    text = re.split(r"^(?:## |\*\*)", text, maxsplit=1, flags=re.M)[0]
    return " ".join(re.findall(r"^\| (`[^|]*)\|", text, re.M))


def test_every_test_is_listed_with_its_claims_and_no_other() -> None:
    assert set(re.findall(r"`(\w+)`", first_cells("## The tests\n"))) == set(TESTS)
    rows = re.findall(r"^\| (`[^|]*)\|[^|]*\|([^|]*)\|$", PAGE.split("## The tests\n")[1], re.M)
    for names, laws in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert set(re.findall(r"`(\w+)`", laws)) == set(TESTS[name].claims)


def test_every_path_and_law_is_described() -> None:
    assert re.findall(r"`(\w+)`", first_cells("**Power.**")) == list(PATHS)
    assert set(re.findall(r"`(\w+)`", first_cells("**Size.**"))) == set(LAWS)


def test_the_example_prints_what_the_page_says() -> None:
    source, stated = (
        re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)[0] for language in ("python", "text")
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<docs>", "exec"), {})
    assert printed.getvalue() == stated
