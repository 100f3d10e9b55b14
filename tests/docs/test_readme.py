"""README.md: its Python runs as it stands, in its order, in a fresh folder."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from .pages import ROOT, text
from .shown import run


@pytest.mark.thorough
def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    blocks = re.findall(
        r"^```python\n.*?^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    assert len(blocks) >= 3
    printed = "".join(one.printed for one in run("\n".join(blocks), tmp_path))
    assert "100 GANs" in printed
    assert (tmp_path / "reports" / "rates" / "report.html").exists()


@pytest.mark.thorough
def test_the_python_of_the_first_page_runs(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n.*?^```$", text("index"), re.M | re.S)
    with contextlib.chdir(tmp_path):
        (one,) = run(block, tmp_path)
    assert "verdict" in one.printed
