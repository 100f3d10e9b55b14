"""Ready studies, as TOML files that come with the package: each answers one question."""

from __future__ import annotations

from importlib import resources

from gan_eval.errors import UsageError
from gan_eval.settings import nearest


def names() -> list[str]:
    """The ready studies in alphabetical order; ``chapter``, the main job, first."""
    found = (entry.name for entry in resources.files(__name__).iterdir())
    stems = (name.removesuffix(".toml") for name in found if name.endswith(".toml"))
    return sorted(stems, key=lambda name: (name != "chapter", name))


def text(name: str) -> str:
    """The TOML of a ready study; ``UsageError`` with the nearest name where there is none."""
    if name not in names():
        raise UsageError(f"unknown study {name[:80]!r}: {nearest(name, names())}")
    return (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")


def question(name: str) -> str:
    """What a ready study asks: the first comment of its file, on one line."""
    lines = []
    for line in text(name).splitlines():
        if not line.startswith("#"):
            break
        if line == "#":
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)
