"""The last section of every report of a study: how to reproduce it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gan_eval.pages.blocks import Block, Code, Paragraph, Section
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count
from gan_eval.runtime.settings import to_toml
from gan_eval.study.results.results import MOST_ROWS

_MOST_CONFIGURATIONS = 50


def again(command: str, setting: str) -> str:
    """Write a command once more, with one setting in place of what it said of that.

    >>> again("gan-eval run a.toml --set replicates=4 --out b", "replicates=16")
    'gan-eval run a.toml --out b --set replicates=16'
    """
    name = re.escape(setting.partition("=")[0])
    return f"{re.sub(rf' --set {name}=[^ ]+', '', command)} --set {setting}"


def reproduce(provenance: Mapping[str, Any]) -> Section:
    """Write the command, the study and its configurations, to be run again."""
    blocks: list[Block] = []
    if command := provenance.get("command"):
        blocks.append(Code(_("Command"), str(command)))
    if notes := provenance.get("notes"):
        blocks.append(Paragraph(" ".join(map(str, notes))))
    if why := provenance.get("in_this_process"):
        blocks.append(
            Paragraph(
                _(
                    "It ran in the process that asked for it, one fit after another: {why}, which "
                    "no other process can import."
                ).format(why=why)
            )
        )
    if study := provenance.get("study"):
        blocks.append(Code(_("Study, as TOML"), to_toml(study)))
    entries = provenance.get("configurations") or ()
    for entry in entries[:_MOST_CONFIGURATIONS]:
        label = _("Configuration “{label}”, hash {hash}, as TOML").format(
            label=entry.get("label"), hash=entry.get("hash")
        )
        blocks.append(Code(label, to_toml(entry.get("config") or {}), folded=True))
    if (rest := len(entries) - _MOST_CONFIGURATIONS) > 0:
        more = n_(
            "study.json has {count} more configuration.",
            "study.json has {count} more configurations.",
            rest,
        )
        blocks.append(Paragraph(more.format(count=count(rest))))
    blocks.append(
        Paragraph(
            _(
                "The data lie beside this page: rows.csv has one row per training, epochs.csv one "
                "row per training and epoch (above {most} trainings, `gan-eval export` writes "
                "them), study.json the settings and the environment. The numbers of a training "
                "depend on its configuration and seed; on another machine or version, rounding may "
                "change single trainings, not their distribution."
            ).format(most=count(MOST_ROWS))
        )
    )
    return Section("reproduce", _("How to reproduce"), blocks, folded=True)
