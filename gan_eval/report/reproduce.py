"""The last section of every report of a study: how to reproduce it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_eval.pages.blocks import Block, Code, Paragraph, Section
from gan_eval.pages.numbers import count, plural
from gan_eval.runtime.settings import to_toml
from gan_eval.study.results.results import MOST_ROWS

_MOST_CONFIGURATIONS = 50


def reproduce(provenance: Mapping[str, Any]) -> Section:
    """Write the command, the study and its configurations, to be run again."""
    blocks: list[Block] = []
    if command := provenance.get("command"):
        blocks.append(Code("Command", str(command)))
    if notes := provenance.get("notes"):
        blocks.append(Paragraph(" ".join(map(str, notes))))
    if why := provenance.get("in_this_process"):
        blocks.append(
            Paragraph(
                f"It ran in the process that asked for it, one fit after another: {why}, which no "
                "other process can import."
            )
        )
    if study := provenance.get("study"):
        blocks.append(Code("Study, as TOML", to_toml(study)))
    entries = provenance.get("configurations") or ()
    for entry in entries[:_MOST_CONFIGURATIONS]:
        label = f"Configuration “{entry.get('label')}”, hash {entry.get('hash')}, as TOML"
        blocks.append(Code(label, to_toml(entry.get("config") or {}), folded=True))
    if (rest := len(entries) - _MOST_CONFIGURATIONS) > 0:
        blocks.append(Paragraph(f"study.json has {plural(rest, 'more configuration')}."))
    blocks.append(
        Paragraph(
            "The data lie beside this page: rows.csv has one row per replicate, epochs.csv one row "
            f"per replicate and epoch (above {count(MOST_ROWS)} replicates, `gan-eval export` "
            "writes them), study.json the settings and the environment. The numbers of a "
            "replicate depend on its configuration and seed; on another machine or version, "
            "rounding may change single replicates, not their distribution."
        )
    )
    return Section("reproduce", "How to reproduce", blocks, folded=True)
