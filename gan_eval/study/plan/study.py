"""A study (``Study``): configurations by their axes, who trains them, from which seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from gan_eval.distributions.presets import PRESETS
from gan_eval.judging import evaluation
from gan_eval.pages.language import N_
from gan_eval.runtime.arguments import close, nearest, shown, writable
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import MAX_SEED
from gan_eval.runtime.settings import Settings, merge_settings
from gan_eval.training.config import Margins, Real, TargetConfig, TrainingConfig
from gan_eval.training.generators.settings import BASELINES, FitConfig, GeneratorConfig
from gan_eval.training.generators.targets import describe

MOST_CONFIGURATIONS = 10_000
"""The most configurations of one study; more is a slip of the hand in an axis."""

LABEL = "label"
"""The key of a zipped axis that names its settings."""

_LONGEST = 32
"""Characters of a value in a label; a longer one is told by its place on the axis."""


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise UsageError(f"a name stands twice in {list(names)}")
    return names


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """The tests in the catalogue's order, so that their order tells no two studies apart."""
    from gan_eval.stats.battery import catalogue  # only where tests are named

    return tuple(name for name in catalogue.TESTS if name in catalogue.known(names))


Configuration = TrainingConfig | FitConfig
"""The settings of a cell: of the chapter's GAN, or of a generator from outside."""

Text = Annotated[str, Field(strict=True), AfterValidator(writable)]
Names = Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_different)]
Values = Annotated[list[Any], Field(min_length=1)]


FEW, MANY = 30, 2000
"""Seeds where a study does not say how many: of slow backends and of fast ones."""
SIDE_BY_SIDE = 256
"""Replicates in one call that make a backend a fast one."""


OUTSIDE_ROWS = 1000
"""Rows that a generator from outside is judged by, where a study does not say how many."""


class Setting(NamedTuple):
    """A place on an axis: the fields that it sets, and how a label tells it."""

    fields: tuple[tuple[str, Any], ...]
    label: str


class Study(Settings):
    """A study: every configuration, on every backend and device, from every seed.

    ``Study()`` is the main job: the chapter's configuration on everything that is installed, within
    a minute: from 2,000 seeds where thousands train side by side, from 30 where one after another.
    """

    name: Annotated[
        str, Field(strict=True, min_length=1, max_length=200), AfterValidator(writable)
    ] = "chapter"
    """Names the report, its folder, and the only configuration where there is no axis."""
    question: Annotated[Text, Field(max_length=200)] = N_("Did the GAN learn the distribution?")
    """The question that the report answers, its title."""
    replicates: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] | None = None
    """Seeds of each configuration on each backend and device. Where nothing is said: 2,000 on a
    backend that trains hundreds side by side, as fused_cpu, and 30 on another."""
    first_seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] = 0
    """Seeds are first_seed … first_seed + replicates − 1."""
    backends: Names | None = None
    """The backends that train; every installed one where none is named."""
    devices: Names | None = None
    """The devices to train on; every device that a backend has here where none is named."""
    time_budget: Annotated[Real, Field(gt=0)] | None = 40.0
    """Seconds after which no further call of a backend is started but the first of each; "none": no
    limit, as where there is a ``generator``."""
    n_evaluation: Annotated[int, Field(strict=True, ge=10, le=100_000)] = 500
    """Fresh real rows, and as many generated ones, for the tests and the critic; 1,000 by default
    where there is a ``generator``, whose worth they measure."""
    permutations: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 999
    """The permutations of each test that permutes; 0 leaves all tests out."""
    tests: Annotated[Names, AfterValidator(_in_order)] = evaluation.TESTS
    """The tests of generated rows, by name; in any order."""
    tested: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 30
    """Replicates of each cell that get the tests, from the first seed on."""
    computed: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 30
    """Replicates of each cell whose distances and modes are computed, from the first seed on, where
    no closed form tells them: each takes up to some seconds. The others are judged by samples."""
    traced: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 1000
    """Replicates of each cell whose epochs are stored, from the first seed on."""
    margins: Margins = Margins()
    """Up to which distance a replicate counts as converged, and as near."""
    generator: GeneratorConfig | None = None
    """A generator from outside, which is fitted in place of the chapter's GAN: its class, as
    ``use``, and its settings."""
    target: Any = None
    """The truth: of the chapter's GAN as ``config.target``; of a generator from outside any
    distribution, as a table or by its name, or a file as ``data``."""
    timeout_per_replicate: Annotated[Real, Field(gt=0)] | None = None
    """Seconds that one fit of a generator from outside may take; then it is ended and its row says
    so. No limit where none is given."""
    config: dict[str, Any] = {}
    """Settings of every configuration; the chapter's values elsewhere."""
    targets: dict[Text, TargetConfig] = {}
    """Targets by name, which the field target then takes as a value."""
    grid: dict[str, Values] = {}
    """Axes: field of the configuration (dots for nested ones) → values; all combinations."""
    zip: list[Annotated[dict[str, Values], Field(min_length=1)]] = []
    """Axes of several fields that change together: lists of one length, by field; the list label,
    where there is one, names the settings."""

    versus: Text | None = None
    """The field of an axis along which the report compares: every configuration with the one that
    has the field's first value and is the same in all other axes. Where none is named, all are
    compared with the first configuration."""

    @model_validator(mode="before")
    @classmethod
    def _by_generator(cls, data: Any) -> Any:
        """The defaults of a generator from outside: all the time that it takes, and more rows."""
        if isinstance(data, Mapping) and data.get("generator") is not None:
            return {"time_budget": None, "n_evaluation": OUTSIDE_ROWS} | dict(data)
        return data

    @field_validator("time_budget", mode="before")
    @classmethod
    def _none_in_words(cls, value: Any) -> Any:
        # TOML has no null.
        return None if value == "none" else value

    @field_validator("target", mode="before")
    @classmethod
    def _as_table(cls, value: Any) -> Any:
        if value is None or isinstance(value, str | Mapping):
            return value
        return describe(value)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in ("backends", "devices", "versus"):
            if self.generator is not None and getattr(self, name) is not None:
                raise UsageError(f"`{name}` goes with the chapter's GAN, not with a `generator`")
        if self.generator is None and self.timeout_per_replicate is not None:
            raise UsageError("`timeout_per_replicate` goes with a `generator` from outside")
        if self.generator is not None and self.target is None and "target" not in self.config:
            raise UsageError("a `generator` from outside needs a `target` to be held against")
        if self.first_seed + (self.replicates or MANY) - 1 > MAX_SEED:
            raise UsageError(f"seeds must be between 0 and {MAX_SEED}")
        self.configurations()
        self.references()
        return self

    @classmethod
    def hint(cls, name: str) -> str:
        """Say which known setting an unknown name may have meant, also of a training's."""
        settings = list(TrainingConfig.model_fields)
        if name in settings:
            return f"it belongs under [config], as `config.{name}`"
        if not close(name, list(cls.model_fields)) and (meant := close(name, settings)):
            return f"did you mean {' or '.join(f'`config.{one}`' for one in meant)}?"
        return super().hint(name)

    def seeds(self, replicates_per_call: int) -> range:
        """List the seeds of a cell whose backend takes so many in one call."""
        replicates = self.replicates or (MANY if replicates_per_call >= SIDE_BY_SIDE else FEW)
        return range(self.first_seed, self.first_seed + replicates)

    # --- Its configurations --------------------------------------------------------------------

    def configurations(self) -> dict[str, Any]:
        """Label → configuration: all combinations of the axes' settings, the last axis fastest.

        Each is a ``TrainingConfig``; with a ``generator`` a ``FitConfig``, and the baselines
        follow, once for each target and number of rows.

        The axes are those of ``grid``, then those of ``zip``. The label is the study's name where
        there is no axis, else the settings that differ.

        Raises
        ------
        UsageError
            In one sentence, where a field stands in two axes, a zipped axis has lists of unequal
            length, a target has no such name, a configuration is not usable or comes up twice, or
            there are more than ``MOST_CONFIGURATIONS``.
        """
        axes = self.axes()
        if math.prod(map(len, axes)) > MOST_CONFIGURATIONS:
            raise UsageError(
                f"the axes have {math.prod(map(len, axes))} combinations, at most "
                f"{MOST_CONFIGURATIONS} configurations are one study"
            )
        found: dict[str, Configuration] = {}
        labels: dict[str, str] = {}
        for settings in itertools.product(*axes):
            label, config = self._label(settings), self._configuration(settings)
            if config.hash in labels or label in found:
                twice = labels.get(config.hash, label)
                raise UsageError(
                    f"the axes name one configuration twice: {shown(twice)} and {shown(label)}"
                )
            found[label] = config
            labels[config.hash] = label
        return found | {label: config for label, (config, _) in self._baselines().items()}

    def _configuration(
        self, settings: Sequence[Setting], generator: str | None = None
    ) -> Configuration:
        """Make the configuration of some places on the axes, or that of a baseline there."""
        common = dict(self.config)
        if self.target is not None:
            if "target" in common:
                raise UsageError("`target` and `config.target` are one setting: give one of them")
            common["target"] = self.target
        if "target" in common:
            common["target"] = self._target(common["target"])
        if self.generator is not None:
            common["generator"] = self.generator.model_dump(exclude_none=True)
        fields = [
            (path.split("."), self._target(value) if path == "target" else value)
            for setting in settings
            for path, value in setting.fields
        ]
        merged = merge_settings(common, fields)
        if self.generator is None:
            return TrainingConfig.parse(merged)
        if generator is not None:
            merged["generator"] = {"use": generator}
        return FitConfig.parse(merged)

    def _baselines(self) -> dict[str, tuple[FitConfig, dict[str, Any]]]:
        """Label → configuration of each baseline of a generator from outside, and its axes."""
        found: dict[str, tuple[FitConfig, dict[str, Any]]] = {}
        if self.generator is None:
            return found
        for name in BASELINES:
            known: set[str] = set()
            for settings in itertools.product(*self.axes()):
                config = self._configuration(settings, name)
                assert isinstance(config, FitConfig)
                if config.hash in known or self.generator.use == name:
                    continue
                known.add(config.hash)
                own = [one for one in settings if not _of_generator(one)]
                label = ", ".join([name, *(one.label for one in own)])
                found[label] = config, dict(field for one in own for field in one.fields)
        return found

    def axis_values(self) -> dict[str, dict[str, Any]]:
        """Label → field of each axis → its value there, as the study gives it."""
        own = {
            self._label(settings): dict(field for one in settings for field in one.fields)
            for settings in itertools.product(*self.axes())
        }
        return own | {label: axes for label, (_, axes) in self._baselines().items()}

    def references(self) -> dict[str, str]:
        """Label → label of the configuration that it is compared with, its own for a reference.

        Raises ``UsageError`` where ``versus`` is no field of an axis.
        """
        values = self.axis_values()
        if self.versus is None:
            return dict.fromkeys(values, next(iter(values)))
        if any(self.versus not in own for own in values.values()):
            axes = list(dict.fromkeys(path for own in values.values() for path in own))
            raise UsageError(
                f"`versus` must be a field of an axis, got {shown(self.versus)}: "
                f"{nearest(self.versus, axes) if axes else 'the study has no axis'}"
            )
        first: dict[str, str] = {}
        found = {}
        for label, own in values.items():
            rest = repr({path: value for path, value in own.items() if path != self.versus})
            found[label] = first.setdefault(rest, label)
        return found

    def _label(self, settings: Sequence[Setting]) -> str:
        return ", ".join(setting.label for setting in settings) or self.name

    def axes(self) -> list[list[Setting]]:
        """List the axes in order, each a list of its settings; ``UsageError`` as above."""
        found = [
            [self._setting({path: value}, position) for position, value in enumerate(values)]
            for path, values in self.grid.items()
        ]
        found += [list(self._zipped(axis)) for axis in self.zip]
        fields: set[str] = set()
        for axis in found:
            for path, _ in axis[0].fields:
                if path in fields:
                    raise UsageError(f"{shown(path)} is a field of two axes")
                fields.add(path)
        return found

    def _zipped(self, axis: Mapping[str, list[Any]]) -> Iterator[Setting]:
        lengths = {path: len(values) for path, values in axis.items()}
        if len(set(lengths.values())) > 1:
            few, many = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
            raise UsageError(
                f"the fields of one `zip` must have equally many values, got {lengths[few]} of "
                f"{shown(few)} and {lengths[many]} of {shown(many)}"
            )
        labels = axis.get(LABEL)
        paths = [path for path in axis if path != LABEL]
        if not paths:
            raise UsageError("a `zip` must name fields of the configuration, got labels alone")
        for position in range(lengths[paths[0]]):
            setting = self._setting({path: axis[path][position] for path in paths}, position)
            if labels is not None:
                label = labels[position]
                if not isinstance(label, str) or not label:
                    raise UsageError(
                        f"a `{LABEL}` must be a string that is not empty, got {label!r}"
                    )
                setting = setting._replace(label=writable(label))
            yield setting

    def _setting(self, values: Mapping[str, Any], position: int) -> Setting:
        label = ", ".join(f"{path}={_told(value, position)}" for path, value in values.items())
        return Setting(tuple(values.items()), label)

    def _target(self, name: Any) -> Any:
        """Look up a target by its name; one that is no name is given as it is."""
        if isinstance(name, str) and self.generator is not None and name not in self.targets:
            return {"use": name} if ":" in name else {"preset": name}
        if not isinstance(name, str):
            return name
        if name in self.targets:
            return self.targets[name].model_dump()
        if name in PRESETS:
            return {"preset": name}
        raise UsageError(
            f"unknown target {shown(name)}: {nearest(name, [*self.targets, *PRESETS])}"
        )


def _of_generator(setting: Setting) -> bool:
    """Say whether a place on an axis is of the generator, to which baselines are the same."""
    return all(path.partition(".")[0] == "generator" for path, _ in setting.fields)


def _told(value: Any, position: int) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"#{position + 1}"
