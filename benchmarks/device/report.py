"""The document and the table of all lines, and whether they pass."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.device.record import DEVICE, JAX, WHOLE, Line

GOAL, GOAL_OVER_JAX = 1e10, 20.0
"""Examples/sec of ``fused_cuda`` on an H200, and over JAX's ``jit(vmap(scan))`` at its best."""
Verdict = tuple[str, str, str]


def best(lines: Sequence[Line], trainer: str) -> Line | None:
    """The fastest figure of a trainer."""
    found = [line for line in lines if line.facts.get("trainer") == trainer]
    return max((line for line in found if line.value), key=lambda line: line.value, default=None)


def verdicts(lines: Sequence[Line]) -> list[Verdict]:
    """What is asked of the device: the claim, pass, miss or "could not tell", and the numbers."""
    checks = [line for line in lines if line.kind == "check"]
    failed = [line for line in lines if line.kind == "failed"]
    wrong = [line.name for line in checks if not line.holds]
    held = f"{len(checks) - len(wrong)} of {len(checks)} agree, {len(failed)} failed"
    held += f", {sum(line.kind == 'left out' for line in lines)} left out"
    found = [
        (
            "every device path that ran gives what the CPU gives",
            "miss" if wrong or failed else "pass" if checks else "could not tell",
            held,
        )
    ]
    ours, alone, jax = (best(lines, trainer) for trainer in (WHOLE, DEVICE, JAX))
    for claim, one in ((WHOLE, ours), (DEVICE, alone)):
        what = f"{claim}: at least {GOAL:.0e} examples/sec on an H200"
        if one is None:
            found.append((what, "could not tell", "not measured"))
        else:
            told = f"{one.value:,.0f} with {one.facts['replicates']:,} replicates"
            found.append((what, "pass" if one.value >= GOAL else "miss", told))
    what = f"at least {GOAL_OVER_JAX:.0f} × JAX's jit(vmap(scan)) at its best, on the same device"
    if ours is None or jax is None:
        found.append((what, "could not tell", "not measured"))
    else:
        ratio = ours.value / jax.value
        told = f"{ratio:,.1f} × ({jax.value:,.0f} with {jax.facts['replicates']:,} replicates)"
        found.append((what, "pass" if ratio >= GOAL_OVER_JAX else "miss", told))
    return found


def document(lines: Sequence[Line], command: str, began: float) -> dict[str, Any]:
    """All of it, ready for JSON. ``environment`` is that of the process that looked."""
    places = [line.value for line in lines if line.name == "environment"]
    return {
        "format": "gan_eval device",
        "version": 1,
        "command": command,
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "seconds": time.time() - began,
        "environment": places[-1] if places else None,
        "acceptance": [
            {"claim": claim, "verdict": verdict, "found": told}
            for claim, verdict, told in verdicts(lines)
        ],
        "lines": [asdict(line) for line in lines],
    }


def as_text(lines: Sequence[Line]) -> str:
    """The table that is printed: facts, figures, what does not agree, what was left out."""
    counted = Counter(line.part for line in lines if line.kind == "check" and line.holds)
    rows = [f"{part}: {count} checks hold" for part, count in counted.items()]
    rows += [_row(line) for line in lines if line.kind != "check" or not line.holds]
    rows += ["", *(f"{verdict:14} {claim}: {told}" for claim, verdict, told in verdicts(lines))]
    return "\n".join(rows)


def _row(line: Line) -> str:
    name = f"{line.part:18} {line.kind:9} {line.name}"
    if line.kind in ("left out", "failed"):
        return f"{name}: {line.note}"
    if line.kind == "fact":
        return f"{name}: {line.value}"
    if line.kind == "check":
        return f"{name}: {line.value} {line.unit}, at most {line.limit}"
    value, lowest, highest = (_short(v) for v in (line.value, line.lowest, line.highest))
    beside = "".join(f", {k} {_short(v)}" for k, v in line.facts.items() if k == "on the CPU")
    return f"{name:72} {value:>16} {line.unit} ({lowest} … {highest}){beside}"


def _short(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
