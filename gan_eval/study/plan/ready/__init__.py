"""Ready studies, as TOML files that come with the package: each answers one question."""

from __future__ import annotations

from importlib import resources
from itertools import takewhile
from pathlib import Path

from gan_eval.runtime.arguments import nearest, shown
from gan_eval.runtime.errors import UsageError


def names() -> list[str]:
    """Name the ready studies in alphabetical order; ``chapter``, the main job, first."""
    found = (entry.name for entry in resources.files(__name__).iterdir())
    stems = (name.removesuffix(".toml") for name in found if name.endswith(".toml"))
    return sorted(stems, key=lambda name: (name != "chapter", name))


def text(name: str) -> str:
    """Read the TOML of a ready study; ``UsageError`` with the nearest name where there is none."""
    if name not in names():
        raise UsageError(f"unknown study {shown(name)}: {nearest(name, names())}")
    return (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")


def question(name: str) -> str:
    """Read the question of a ready study: the first comment of its file, on one line."""
    lines = takewhile(lambda line: line.startswith("#") and line != "#", text(name).splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines)


def find(study: Path) -> Path:
    """Find a study's file: that path, or where there is no such file, the ready study of that name.

    Raises
    ------
    UsageError
        Where there is neither; a path that does not read as a file of TOML is told as a name.
    """
    try:
        # A folder of a ready study's name is most likely its results.
        there = study.exists() and not (study.is_dir() and str(study) in names())
    except (OSError, ValueError):  # a name too long for a file, or with a NUL
        there = False
    if there or study.suffix or len(study.parts) > 1:
        return study
    if str(study) in names():
        return Path(str(resources.files(__name__) / f"{study}.toml"))
    raise UsageError(
        f"there is no file {shown(str(study))}, and no such study comes with the package: "
        f"{nearest(str(study), names())}"
    )
