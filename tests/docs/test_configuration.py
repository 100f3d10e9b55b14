"""docs/configuration.md: every field, its default and its limits."""

from __future__ import annotations

import re
import tomllib

import pytest
from pydantic import BaseModel

from gan_eval.study.plan.study import Study
from gan_eval.training.config import Margins, TargetConfig, TrainingConfig

from .pages import (
    code,
    section,
    table_rows,
    text,
)

MODELS: list[tuple[str, type[BaseModel]]] = [
    ("## A training", TrainingConfig),
    ("### The target", TargetConfig),
    ("## A study", Study),
    ("### The margins", Margins),
]


def fields_of(heading: str) -> dict[str, list[str]]:
    own = section("configuration", heading).split("\n### ")[0]
    return {row[0].strip("`"): row for row in table_rows(own) if row[0].startswith("`")}


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_every_field_is_described_and_no_other(heading: str, model: type[BaseModel]) -> None:
    assert set(fields_of(heading)) == set(model.model_fields)


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_a_default_in_the_configuration_page_is_the_default(
    heading: str, model: type[BaseModel]
) -> None:
    defaults = model().model_dump(mode="json")
    compared = 0
    for name, row in fields_of(heading).items():
        if row[2].startswith("`"):
            stated = tomllib.loads(f"value = {row[2].strip('`')}")["value"]
            assert stated == defaults[name], name
            compared += 1
    assert compared >= 2


@pytest.mark.parametrize(("heading", "model"), MODELS)
def test_a_limit_in_the_configuration_page_is_the_limit(
    heading: str, model: type[BaseModel]
) -> None:
    """Every inclusive bound that pydantic checks stands in the limits' cell."""
    for name, row in fields_of(heading).items():
        limits = row[3].replace(" ", "").replace("2⁶³−1", str(2**63 - 1))
        for bound in model.model_fields[name].metadata:
            for kind in ("ge", "le"):
                value = getattr(bound, kind, None)
                if value is not None:
                    assert re.search(rf"(?<!\d){re.escape(_plain(value))}(?!\d)", limits), (
                        name,
                        limits,
                    )


def _plain(value: float) -> str:
    return "1e30" if value == 1e30 else f"{value:g}" if value < 1e6 else str(int(value))


def test_the_pages_examples_of_configurations_are_usable() -> None:
    training, study = (tomllib.loads(block) for block in code("configuration", "toml"))
    assert TrainingConfig.parse(training).dimension == 3
    labels = list(Study.parse(study).configurations())
    assert len(labels) == 4
    assert all(f"`{label}`" in text("configuration") for label in labels)


def test_the_hash_of_the_chapters_configuration_is_as_stated() -> None:
    assert f"`{TrainingConfig().hash}`" in section("configuration", "### The hash")
