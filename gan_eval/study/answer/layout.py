"""A study's configurations by their places on its axes, and how a sentence names them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_eval.pages.numbers import setting
from gan_eval.runtime.arguments import plain
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.phrases import listed

_NETWORKS = {"D": "of D", "G": "of G"}
_LONGEST = 28
"""Characters of a value in a sentence; a longer one is told by its place on the axis."""


@dataclass(frozen=True)
class Axis:
    """An axis: what changes along it, and its values in the study's order.

    Attributes
    ----------
    fields : tuple of str
        The settings that change together; one of a grid's axis.
    title : str
        The axis in words.
    texts : tuple of str
        Its values in words.
    numbers : tuple of float or None
        The values where they are numbers, all different.
    number_title : str
        What these numbers are.
    """

    fields: tuple[str, ...]
    title: str
    texts: tuple[str, ...]
    numbers: tuple[float, ...] | None
    number_title: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    def ordered(self, places: Iterable[int]) -> list[int]:
        """Put places into the order of their numbers, or of the study where they have none."""
        numbers = self.numbers
        return sorted(places, key=(lambda at: at) if numbers is None else numbers.__getitem__)


@dataclass(frozen=True)
class Entry:
    """A configuration: its label in the study, its name in a sentence, its place on each axis, and
    its settings along them."""

    label: str
    name: str
    place: tuple[int, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """A study's axes and its configurations, in the study's order.

    Attributes
    ----------
    axes : tuple of Axis
    entries : tuple of Entry
        Those that have rows.
    missing : tuple of str
        Names of planned configurations without a row.
    versus : str or None
        The setting along which the study compares.
    labelled : bool
        The study names its configurations itself.
    """

    axes: tuple[Axis, ...]
    entries: tuple[Entry, ...]
    missing: tuple[str, ...]
    versus: str | None
    labelled: bool

    def names(self) -> dict[str, str]:
        """Map the label of each configuration to its name in a sentence."""
        return {entry.label: entry.name for entry in self.entries}

    def varied(self) -> list[int]:
        """List the axes, by position, that have several values among the configurations."""
        return [
            position
            for position in range(len(self.axes))
            if len({entry.place[position] for entry in self.entries}) > 1
        ]

    def slices(self, position: int) -> list[list[Entry]]:
        """Group the configurations that differ along one axis only, in its values' order."""
        found: dict[tuple[int, ...], list[Entry]] = {}
        for entry in self.entries:
            rest = entry.place[:position] + entry.place[position + 1 :]
            found.setdefault(rest, []).append(entry)
        ordered = (sorted(group, key=lambda one: one.place[position]) for group in found.values())
        return [group for group in ordered if len(group) > 1]


def in_words(field: str) -> str:
    """Write a setting as words: ``learning_rate_D`` as ``learning rate of D``.

    Examples
    --------
    >>> in_words("learning_rate_D"), in_words("config.latent_size")
    ('learning rate of D', 'latent size')
    """
    *words, last = field.rpartition(".")[2].split("_")
    return " ".join([*words, _NETWORKS.get(last, last)] if words else [last])


def layout(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> Layout:
    """Place a study's configurations on its axes.

    Where the provenance holds no axes, as of several runs put together, the configurations are the
    values of one.
    """
    there = list(dict.fromkeys(cell.configuration for cell in cells))
    planned = {
        str(entry.get("label", entry.get("hash"))): entry.get("axes") or {}
        for entry in provenance.get("configurations") or ()
    }
    labels = list(dict.fromkeys([*planned, *there]))
    settings = {label: planned.get(label, {}) for label in labels}
    study = provenance.get("study") or {}
    groups, names = _groups(study, settings)
    if not groups:
        texts = tuple(plain(label) for label in labels)
        axes = [Axis((), "configuration", texts, None)]
        places = {label: (position,) for position, label in enumerate(labels)}
    else:
        axes, places = _placed(groups, names, settings)
    entries = [
        Entry(label, _name(label, axes, places[label], bool(names)), places[label], settings[label])
        for label in labels
    ]
    return Layout(
        tuple(axes),
        tuple(entry for entry in entries if entry.label in there),
        tuple(entry.name for entry in entries if entry.label not in there),
        study.get("versus"),
        bool(names) or not groups,
    )


def _groups(
    study: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]]
) -> tuple[list[tuple[str, ...]], dict[tuple[str, ...], dict[str, str]]]:
    """The fields of each axis, and the names that a study gives to the values of some of them."""
    groups = [(field,) for field in study.get("grid") or {}]
    names: dict[tuple[str, ...], dict[str, str]] = {}
    for zipped in study.get("zip") or ():
        fields = tuple(field for field in zipped if field != "label")
        groups.append(fields)
        if "label" in zipped:
            rows = zip(*(zipped[field] for field in fields), strict=False)
            told = zip(rows, zipped["label"], strict=False)
            names[fields] = {_key(row): plain(label) for row, label in told}
    known = {field for group in groups for field in group}
    if any(set(own) != known for own in settings.values()):
        return [], {}
    return groups, names


def _placed(
    groups: Sequence[tuple[str, ...]],
    names: Mapping[tuple[str, ...], Mapping[str, str]],
    settings: Mapping[str, Mapping[str, Any]],
) -> tuple[list[Axis], dict[str, tuple[int, ...]]]:
    parted = [axis for group in groups for axis in _factors(group, settings)]
    axes, places = [], []
    for fields in parted:
        keys: dict[str, list[Any]] = {}
        for own in settings.values():
            row = [own[field] for field in fields]
            keys.setdefault(_key(row), row)
        told = names.get(fields, {})
        texts = [
            told.get(key) or ", ".join(_told(value, position) for value in row)
            for position, (key, row) in enumerate(keys.items())
        ]
        numbers, of = _numbers(fields, list(keys.values()))
        title = " and ".join(in_words(f) for f in fields) if len(fields) < 3 else "configuration"
        if fields in names and not of:
            title = in_words(fields[0]) if len(fields) == 1 else "configuration"
        axes.append(Axis(fields, title, tuple(texts), numbers, of))
        order = {key: position for position, key in enumerate(keys)}
        places.append([order[_key([own[f] for f in fields])] for own in settings.values()])
    return axes, dict(zip(settings, zip(*places, strict=True), strict=True))


def _factors(
    fields: tuple[str, ...], settings: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, ...]]:
    """Part the fields of a zipped axis that holds every combination of their values, as a grid
    does; else they stay together."""
    values = [{_key([own[field]]) for own in settings.values()} for field in fields]
    varied = [(field,) for field, own in zip(fields, values, strict=True) if len(own) > 1]
    combinations = {_key([own[field] for field in fields]) for own in settings.values()}
    whole = math.prod(len(own) for own in values) == len(combinations)
    return varied if whole and len(varied) > 1 else [fields]


def _numbers(
    fields: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[tuple[float, ...] | None, str]:
    """The values of the first field that is a number, another one at each place of the axis."""
    for field, column in zip(fields, zip(*rows, strict=True), strict=True):
        known = all(isinstance(v, int | float) and not isinstance(v, bool) for v in column)
        if known and len(set(column)) == len(column) > 1:
            return tuple(map(float, column)), in_words(field)
    return None, ""


def _name(label: str, axes: Sequence[Axis], place: Sequence[int], named: bool) -> str:
    if named or not axes[0].fields:
        texts = [axis.texts[at] for axis, at in zip(axes, place, strict=True)]
        name = plain(label) if len(axes) > 1 and _parted(axes) else ", ".join(texts)
        return f"“{name}”" if "," in name else name
    first, *rest = (f"{axis.title} {axis.texts[at]}" for axis, at in zip(axes, place, strict=True))
    return f"{first} with {listed(rest)}" if rest else first


def _parted(axes: Sequence[Axis]) -> bool:
    return all(len(axis.fields) == 1 for axis in axes)


def _told(value: Any, position: int) -> str:
    if isinstance(value, float):
        return setting(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain(text) if len(text) <= _LONGEST else f"no. {position + 1}"


def _key(row: Sequence[Any]) -> str:
    return json.dumps(list(row), sort_keys=True, default=str)


def single_changes(entries: Sequence[Entry]) -> dict[tuple[str, ...], list[tuple[Entry, Entry]]]:
    """Pair the configurations that differ by one change: by settings of which no smaller set makes
    a pair.

    Returns
    -------
    dict
        The settings that change → pairs of configurations, the study's earlier one first, and only
        pairs that differ in nothing else.

    Examples
    --------
    >>> rows = [(1, 1), (2, 1), (2, 2)]
    >>> made = [Entry(str(r), str(r), (i,), dict(zip("ab", r))) for i, r in enumerate(rows)]
    >>> {key: len(pairs) for key, pairs in single_changes(made).items()}
    {('a',): 1, ('b',): 1}
    """
    found: dict[tuple[str, ...], list[tuple[Entry, Entry]]] = {}
    for first, second in itertools.combinations(entries, 2):
        pairs = zip(first.settings.items(), second.settings.values(), strict=True)
        changed = tuple(field for (field, one), other in pairs if one != other)
        found.setdefault(changed, []).append((first, second))
    sets = {changed: set(changed) for changed in found}
    return {
        changed: pairs
        for changed, pairs in found.items()
        if changed and not any(own and own < sets[changed] for own in sets.values())
    }
