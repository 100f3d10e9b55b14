"""The files of an exercise: three tables, a document and a page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gan_eval.investigations.exercise import words
from gan_eval.investigations.exercise.page import render
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import TRUTH
from gan_eval.investigations.exercise.result import Exercise, Share
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, write_files
from gan_eval.runtime.json import json_ready, json_text
from gan_eval.runtime.spreadsheet import csv_text

DOCUMENT = "exercise.json"
PAGE = "exercise.html"
TABLES = ("generators", "tests", "responses")
"""Each written as NAME.csv."""


def document(found: Exercise) -> dict[str, Any]:
    """Put settings, answer, the numbers behind it and provenance together, ready for JSON."""
    settings = found.settings
    tests = {
        name: {
            "told_apart": {str(n): asdict(found.told_apart(name, n)) for n in settings.test_rows},
            "rows_until_told_apart": asdict(found.rows_until_told_apart(name)),
        }
        for name in (*TESTS, OPTIMUM)
    }
    for name in TESTS:
        sizes = {str(n): asdict(found.told_apart(name, n, TRUTH)) for n in settings.test_rows}
        tests[name]["size"] = sizes
    cases = found.responses.drop_duplicates(["generator", "source", "widths", "n"])
    discriminators = []
    for case in cases[["generator", "source", "widths", "n"]].to_dict("records"):
        chosen = {"kind": case["generator"], "source": case["source"], "widths": case["widths"]}
        rows = found.fits(case["n"], **chosen)
        columns = ("loss_in_sample", "loss_population", "floor", "floor_in_sample")
        discriminators.append(
            {str(key): value for key, value in case.items()}
            | {name: asdict(found.median(rows, name)) for name in columns}
            | {"generator_wins": asdict(found.wins(case["n"], **chosen))}
        )
    shares = found.decomposition.shares()
    return json_ready(
        {
            "settings": settings.document(),
            "headline": words.headline(found),
            "answer": words.answer(found),
            "tests": tests,
            "discriminators": discriminators,
            "decomposition": {
                "jensen_shannon": float(found.decomposition.divergence.mean()),
                "shares": {name: asdict(Share(*share)) for name, share in shares.items()},
            },
            "provenance": found.provenance,
        }
    )


def save(found: Exercise, folder: Path) -> list[Path]:
    """Write the tables, the document and the page; returns their paths."""
    texts = {f"{name}.csv": csv_text(getattr(found, name)) for name in TABLES}
    texts[DOCUMENT] = json_text(document(found)) + "\n"
    texts[PAGE] = render(found)
    write_files({folder / name: text for name, text in texts.items()})
    return [folder / name for name in texts]


def check_folder(folder: Path) -> None:
    """Raise ``UsageError`` where files cannot be written, or would replace somebody's."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is a file, a folder is needed for the results")
    names = [*(f"{name}.csv" for name in TABLES), DOCUMENT, PAGE]
    for name in names:
        check_writable(folder / name)
    if not (folder / DOCUMENT).exists():
        for name in names:
            if (folder / name).exists():
                raise UsageError(
                    f"{str(folder)!r} has a {name} that gan-eval did not write: name another folder"
                )
