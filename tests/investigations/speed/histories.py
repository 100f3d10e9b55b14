"""Made-up runs, as files of pytest-benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .test_slowdown import document


def save(
    folder: Path,
    name: str,
    seconds: Mapping[str, float],
    commit: str | None,
    day: int,
    *,
    dirty: bool = False,
    measured: int | None = None,
    processor: str = "A Chip",
) -> Path:
    """Save a run of ten alike rounds of a commit of a day of a month, measured on another."""
    rounds = {key: [value * (1 + i / 1000) for i in range(10)] for key, value in seconds.items()}
    found: dict[str, Any] = document(rounds, processor=processor)
    time = f"2026-01-{day:02d}T00:00:00+00:00"
    for benchmark in found["benchmarks"]:
        benchmark["extra_info"]["backend"] = benchmark["name"]
    found["commit_info"] = {"id": commit or "unversioned", "time": time, "dirty": dirty}
    found["datetime"] = f"2026-01-{measured or day:02d}T12:00:00+00:00"
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(json.dumps(found))
    return folder / name


def commit(number: int) -> str:
    """A commit's whole name that starts with its number."""
    return f"{number:07d}" + "a" * 33
