"""The state of a streamed comparison on disk, so that one that was ended goes on."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.comparison.streaming import columns
from gan_eval.comparison.streaming.units import Part
from gan_eval.runtime.documents import json_text
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, replacing

STATE = "state.npz"
"""The file of the state within its folder."""

FORMAT, VERSION = "gan-eval streamed comparison", 1

EVERY = 5.0
"""Seconds between two writes of the state."""

SIDES = ("real", "generated")


class Checkpoint:
    """A folder with the state of one comparison: the parts of both sides so far, in one file.

    Parameters
    ----------
    folder : path
        Made if there is none.
    identity : mapping of str to str
        What the state is of, in words to what tells it from others: it is refused where any
        differs.

    Raises
    ------
    UsageError
        Where nothing can be written there, or it holds the state of something else.
    """

    def __init__(self, folder: str | Path, identity: Mapping[str, str]) -> None:
        self.folder, self.identity = Path(folder), dict(identity)
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"`checkpoint` must be a folder, got the file {str(folder)!r}")
        self.path = self.folder / STATE
        check_writable(self.path)
        self._written = time.monotonic()

    def load(self) -> tuple[int, dict[str, Part]] | None:
        """Return how many units of work were done, and the parts; None where there is no state."""
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as state:
                about = json.loads(state["about"].tobytes())
                if about.get("format") != FORMAT or about.get("version") != VERSION:
                    raise ValueError
                self._require_same(about["identity"])
                return about["done"], {side: _part(side, about, state) for side in SIDES}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(
                f"`checkpoint` {str(self.folder)!r} holds a {STATE} that is not the state of a "
                "comparison: name another folder"
            ) from None

    def _require_same(self, identity: Mapping[str, str]) -> None:
        other = [what for what, value in self.identity.items() if identity.get(what) != value]
        if other:
            raise UsageError(
                f"`checkpoint` {str(self.folder)!r} holds the state of another comparison, with "
                f"other {' and '.join(other)}: name another folder, or delete this one"
            )

    def due(self) -> bool:
        """Say whether it is time to write."""
        return time.monotonic() >= self._written + EVERY

    def write(self, done: int, parts: Mapping[str, Part]) -> None:
        """Write the state beside the old one and put it in its place."""
        about: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "identity": self.identity,
            "done": done,
            "sides": {},
        }
        arrays: dict[str, Any] = {}
        for side, part in parts.items():
            about["sides"][side] = {
                "rows": part.rows,
                "holes": part.holes,
                "sketched": part.sketch is not None,
                "columns": [
                    (name, isinstance(column, columns.Numbers))
                    for name, column in part.columns.items()
                ],
            }
            if part.sketch is not None:
                arrays[f"{side}_sketch"] = np.frombuffer(_saved(part.sketch), np.uint8)
            for j, column in enumerate(part.columns.values()):
                packed = column.packed()
                arrays[f"{side}_{j}_scalars"] = packed["scalars"]
                arrays[f"{side}_{j}_sketch"] = np.frombuffer(packed["sketch"], np.uint8)
        arrays["about"] = np.frombuffer(json_text(about).encode(), np.uint8)
        with replacing(self.path, "wb") as file:
            np.savez(file, **arrays)
        self._written = time.monotonic()

    def finish(self, done: int, parts: Mapping[str, Part]) -> None:
        """Write the last state, and the sketch of each side as a file of its own."""
        self.write(done, parts)
        for side, part in parts.items():
            if part.sketch is not None:
                part.sketch.save(self.folder / f"{side}.sketch.npz")


def fingerprint(entries: Sequence[object]) -> str:
    """Return the SHA-256 of a list, as JSON."""
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def _saved(sketch: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sketch.npz"
        sketch.save(path)
        return path.read_bytes()


def _part(side: str, about: Mapping[str, Any], state: Any) -> Part:
    from gan_eval.stats.sketch import Sketch

    facts = about["sides"][side]
    found: dict[str, columns.Column] = {}
    for j, (name, number) in enumerate(facts["columns"]):
        packed = {
            "scalars": state[f"{side}_{j}_scalars"],
            "sketch": state[f"{side}_{j}_sketch"].tobytes(),
        }
        kind = columns.Numbers if number else columns.Values
        found[name] = kind.unpacked(packed)
    sketch = None
    if facts["sketched"]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sketch.npz"
            path.write_bytes(state[f"{side}_sketch"].tobytes())
            sketch = Sketch.load(path)
    return Part(sketch, found, facts["rows"], facts["holes"])
