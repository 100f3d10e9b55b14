"""What the pages show is what happens: their code, commands and the notebook are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import shown
from .pages import DOCS

ENTRIES = sorted(
    page
    for folder in ("measures", "twosample", "goodness")
    for page in (DOCS / folder).glob("*.md")
)
"""One page a measure or a test."""
SHOWN = (
    "install",
    "tutorial",
    "tutorial/cure",
    "tutorial/studies",
    "start/teach",
    "start/model",
    "start/machines",
    "study-answers",
    "convergence",
    "convergence/check",
    "convergence/sample",
    "without-closed-form",
    "anytime",
    "battery",
    "dynamics",
    "lab",
    "pictures",
    "coverage",
    "copying",
    "tables",
    "mixed",
    "yardsticks",
    "yardsticks/power",
    "tracking",
    "recipes/torchmetrics",
    "sketch/energy",
    "targets",
    "computed",
    "compare/streaming",
)
RUN = [*(DOCS / f"{n}.md" for n in SHOWN), *ENTRIES]

PARTS = (
    *("Definition", "Conventions", "Range and orientation", "When it misleads"),
    *("How to call it", "Reference"),
)


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", RUN, ids=name)
def test_a_page_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    ran = list(shown.run(page.read_text("utf-8"), tmp_path))
    assert ran
    for one in ran:
        assert one.difference is None, f"{one.step.source}\n{one.difference}"
        assert one.step.stated is not None or not one.printed, f"not shown: {one.step.source}"


@pytest.mark.parametrize("page", RUN, ids=name)
def test_all_stated_output_belongs_to_a_step(page: Path) -> None:
    markdown = page.read_text("utf-8")
    stated = sum(step.stated is not None for step in shown.steps(markdown) if step.kind == "python")
    assert len(re.findall(r"^ *```text$", markdown, re.M)) == stated


@pytest.mark.parametrize("page", [*ENTRIES, DOCS / "battery.md"], ids=name)
def test_a_measure_or_test_is_described_whole(page: Path) -> None:
    """Each part stands there, in this order, and is not empty; two of them are run."""
    parts = re.split(r"^## (.*)\n", page.read_text("utf-8"), flags=re.M)
    headings, bodies = parts[1::2], parts[2::2]
    assert tuple(headings) == PARTS
    assert all(len(body.split()) > 5 for body in bodies)
    assert "```python" in bodies[PARTS.index("How to call it")]
    assert "```python" in bodies[PARTS.index("When it misleads")], "no example is computed"


def test_every_measure_and_every_test_has_a_page() -> None:
    """All that ``judge`` gives as a measure, all public tests, and all tests of the battery."""
    from gan_eval.stats import goodness, twosample
    from gan_eval.stats.battery.catalogue import TESTS
    from gan_eval.stats.goodness import __all__ as one_sample

    measures = (DOCS / "measures.md").read_text("utf-8")
    linked = set(re.findall(r"^\| \[`(\w+)`\]\(measures/[\w-]+\.md\)", measures, re.M))
    assert linked >= {
        *("kl", "kl_reverse", "jeffreys", "bures_wasserstein", "hellinger", "total_variation"),
        *("mmd2", "energy_distance", "mahalanobis_error", "covariance_distance", "verdict"),
        *("worth_kl", "efficiency", "samples_to_detect", "critic_correlation"),
        *("critic_error", "loss_D", "loss_G", "examples_per_second"),
    }
    assert set(re.findall(r"\]\(measures/([\w-]+)\.md", measures)) == {
        page.stem for page in (DOCS / "measures").glob("*.md")
    }
    called = {page: page.read_text("utf-8") for page in ENTRIES}
    for test in one_sample:
        assert hasattr(goodness, test)
        assert any(f"goodness.{test}(" in text for text in called.values()), test
    for test in twosample.__all__:
        if test not in ("TestResult", "FrechetDistance", "permutation_labels", "mmd2"):
            assert any(f"{test}(" in text for text in called.values()), test
    battery = (DOCS / "battery.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \| \[", battery, re.M)) == set(TESTS)


# --- The comparison itself --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ("p = 0.005\n", "p = 0.006\n"),  # the last digit may round otherwise
        ("x, 0.3 s\n", "x, 12 s\n"),
        ("12,000 examples/sec\n", "9 examples/sec\n"),
        ("a\n…\nc\n", "a\nb\nb\nc\n"),
        ("┏━━┓\n┃ n ┃\n", "┏━━━━┓\n┃ n   ┃\n"),
        ("│ n │ examples/sec │\n│ 3 │ 5 │\n", "│ n │ examples/sec │\n│ 3 │ 70,000 │\n"),
    ],
)
def test_what_may_differ(stated: str, printed: str) -> None:
    assert shown.difference(stated, printed) is None


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ("p = 0.005\n", "p = 0.007\n"),
        ("71 of 200\n", "72 of 200\n"),
        ("converged\n", "near\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "a\n"),
        ("a\n…\nc\n", "a\nb\n"),
        ("│ n │ examples/sec │\n│ 3 │ 5 │\n", "│ n │ examples/sec │\n│ 4 │ 5 │\n"),
    ],
)
def test_what_may_not(stated: str, printed: str) -> None:
    assert shown.difference(stated, printed) is not None


def test_the_steps_of_a_page() -> None:
    page = (
        '```toml title="a.toml"\nx = 1\n```\n\n```python\nprint(open("a.toml").read())\n```\n\n'
        "```text\nx = 1\n```\n\nwords\n\n```text\nnobody's\n```\n\n"
        "```console\n$ gan-eval --version\n…\n$ echo $?\n0\n```\n"
    )
    found = [(step.kind, step.stated) for step in shown.steps(page)]
    assert found == [
        ("file", "x = 1\n"),
        ("python", "x = 1\n"),
        ("command", "…\n"),
        ("command", "0\n"),
    ]
