"""The notebook runs from top to bottom, and what is saved in it is what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from . import shown
from .pages import NOTEBOOK

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")

RENEW = "jupyter nbconvert --to notebook --execute --inplace docs/notebook.ipynb"
SMALLEST = 4000
"""Letters of a picture, as base64, that has something on it."""


def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def printed(cell: Any) -> str:
    """What a cell has written, and the words of what it shows."""
    parts = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            parts.append(output["text"])
        elif "text/html" in output["data"]:
            parts.append(re.sub(r"<[^>]+>", "\n", output["data"]["text/html"]))
    return "\n".join(parts)


def kinds(cell: Any) -> list[tuple[str, list[str]]]:
    return [(o["output_type"], sorted(o.get("data", ()))) for o in cell["outputs"]]


def code_cells(found: Any) -> list[Any]:
    return [cell for cell in found["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_notebook_whose_cells_have_names_and_outputs() -> None:
    found = notebook()
    nbformat.validate(found)
    identifiers = [cell["id"] for cell in found["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    cells = code_cells(found)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    pictures = [
        output["data"]["image/png"]
        for cell in cells
        for output in cell["outputs"]
        if "image/png" in output.get("data", ())
    ]
    assert len(pictures) >= 10
    assert min(map(len, pictures)) > SMALLEST
    assert NOTEBOOK.stat().st_size < 600_000


def test_what_is_saved_is_what_comes_out(tmp_path: Path) -> None:
    """The same kinds of outputs and the same words; a last digit may round otherwise."""
    saved = notebook()
    ran = notebook()
    for cell in code_cells(ran):
        cell["outputs"], cell["execution_count"] = [], None
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(ran, timeout=1200, resources=resources).execute()
    for before, after in zip(code_cells(saved), code_cells(ran), strict=True):
        assert kinds(before) == kinds(after), f"{before['id']}: renew it by {RENEW}"
        stated, came = printed(before), printed(after)
        found = shown.difference(stated, came) if stated or came else None
        assert found is None, f"{before['id']}: {found}; renew it by {RENEW}"
