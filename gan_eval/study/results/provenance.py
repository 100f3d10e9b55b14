"""The contents of a ``study.json``, in the types that its readers rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.json import read_json
from gan_eval.runtime.settings import explain


class _Told(BaseModel):
    """A table of the document: what is not named here may be there and is passed on."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Study(_Told):
    name: str | None = None
    time_budget: float | None = None
    permutations: int | None = None
    n_evaluation: int | None = None
    tested: int | None = None
    tests: list[str] | None = None
    margins: dict[str, float] | None = None


class _Configuration(_Told):
    label: str
    hash: str
    config: dict[str, Any]
    axes: dict[str, Any] = {}


class _Failure(_Told):
    configuration: str
    backend: str
    device: str
    seeds: list[int]
    message: str


class _Unavailable(_Told):
    name: str
    state: str
    remedy: str


class _Environment(_Told):
    packages: dict[str, str] | None = None
    gpus: list[str] | None = None


class _Provenance(_Told):
    study: _Study
    environments: dict[str, _Environment]
    configurations: list[_Configuration] = []
    planned: int | None = None
    finished: int | None = None
    reused: int | None = None
    interrupted: bool | None = None
    failures: list[_Failure] = []
    unavailable: list[_Unavailable] = []
    seconds: float | None = None
    workers: int | None = None
    threads: int | None = None
    command: str | None = None
    created: str | None = None


def read_provenance(path: Path) -> dict[str, Any]:
    """Read the document of a ``study.json``; ``UsageError`` where it is none, or a value in it is
    of another kind than it must be."""
    document = read_json(path)
    if not isinstance(document, dict) or not {"study", "environments"} <= set(document):
        raise UsageError(f"{str(path)!r} does not describe a run of gan-eval")
    try:
        _Provenance.model_validate(document)
    except ValidationError as error:
        raise UsageError(
            f"{str(path)!r} does not describe a run of gan-eval: {explain(error, _Provenance)}"
        ) from None
    return document
