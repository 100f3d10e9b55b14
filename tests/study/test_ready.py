"""The studies that come with the package, and the schema that editors check studies by."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan import ready
from gan_eval.study.plan.schema import study_schema
from gan_eval.study.plan.study import Study
from gan_eval.training.config import Margins, TargetConfig, TrainingConfig

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = study_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", ready.names())
def test_a_ready_study_is_usable_asks_a_question_and_fits_the_schema(
    name: str, validator: jsonschema.Draft202012Validator
) -> None:
    settings = tomllib.loads(ready.text(name))
    study = Study.parse(settings)
    validator.validate(settings)
    assert ready.question(name).count("?") == 1
    assert study.name.replace(" ", "-") == name
    if name == "chapter":
        assert study == Study()
        return
    assert study.backends == ("fused_cpu",)
    assert len(study.configurations()) > 1
    # The reference is the chapter's configuration, where the target is not what is studied.
    first = next(iter(study.configurations().values()))
    others = ("target-difficulty", "transfer", "ring", "grid25")
    assert (first == TrainingConfig()) == (name not in others)


def test_the_questions_of_the_issue_are_all_asked() -> None:
    """Of every subject there is a study that varies it."""
    varied = set()
    for name in ready.names():
        for axis in Study.parse(tomllib.loads(ready.text(name))).axes():
            varied |= {path for path, _ in axis[0].fields}
    assert varied == {
        *("learning_rate_D", "learning_rate_G", "batch_size", "epochs", "latent_size"),
        *("generator_loss", "dialect", "target", "n_examples", "discriminator_widths"),
        *("preset", "discriminator_form", "r1", "r2", "optimizer", "standardise"),
        *("discriminator_init_scale", "learning_rate_schedule", "generator_average"),
        *("adam_beta1", "adam_beta2_D", "loss"),
    }


def test_the_ladder_leads_from_the_chapter_to_the_preset() -> None:
    ladder = Study.parse(tomllib.loads(ready.text("remedies"))).configurations()
    assert ladder["chapter"] == TrainingConfig()
    assert ladder["mended (+ averaged)"] == TrainingConfig(preset="mended")
    # Each that is left out differs from the preset in that remedy alone.
    mended = ladder["mended (+ averaged)"].model_dump()
    for label, config in ladder.items():
        if label.startswith("mended without"):
            assert 1 <= sum(config.model_dump()[name] != mended[name] for name in mended) <= 2


def test_transfer_compares_the_preset_with_the_chapter_on_each_target() -> None:
    study = Study.parse(tomllib.loads(ready.text("transfer")))
    configs = study.configurations()
    for label, reference in study.references().items():
        of, against = configs[label], configs[reference]
        assert (of.target, of.n_examples) == (against.target, against.n_examples)
        assert against.preset is None
        assert of.preset == ("mended" if label != reference else None)


def test_the_training_sets_have_about_as_many_updates() -> None:
    found = Study.parse(tomllib.loads(ready.text("training-set-size"))).configurations()
    updates = [config.epochs * config.steps_per_epoch for config in found.values()]
    assert updates[0] == 2500
    assert all(abs(count - 2500) <= 130 for count in updates)


def test_the_targets_have_the_difficulty_that_their_labels_say() -> None:
    import numpy as np

    found = Study.parse(tomllib.loads(ready.text("target-difficulty"))).configurations()
    for label, config in found.items():
        covariance, (kind, _, value) = config.truth.covariance, label.rpartition(" ")
        if kind == "condition number":
            A = np.array(config.target.A)
            assert np.linalg.cond(A) == pytest.approx(float(value), rel=1e-5)
        elif kind == "correlation":
            assert np.diag(covariance) == pytest.approx(1, rel=1e-5)
            assert covariance[0, 1] == float(value)
        elif kind == "dimension":
            assert (config.dimension, config.latent_size) == (int(value), int(value))
            assert (covariance == np.eye(int(value))).all()


def test_an_unknown_study_is_refused_by_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="unknown study 'batchsize': did you mean `batch-size`"):
        ready.text("batchsize")
    with pytest.raises(UsageError, match="unknown study"):
        ready.text("../config")


# --- The schema -------------------------------------------------------------------------------


def test_the_committed_schema_is_the_schema() -> None:
    committed = json.loads((ROOT / "docs" / "study.schema.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(study_schema()))


@pytest.mark.parametrize("model", [Study, TrainingConfig, TargetConfig, Margins])
def test_every_field_has_a_description(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 3},
        {"replicates": 0},
        {"replicates": 1.5},
        {"time_budget": "never"},
        {"time_budget": 0},
        {"backends": []},
        {"config": {"epoch": 3}},
        {"config": {"learning_rate_D": 0}},
        {"config": {"adam_beta1": 1.0}},
        {"config": {"dialect": "keras"}},
        {"grid": {"dialect": ["keras"]}},
        {"grid": {"epochs": []}},
        {"grid": {"target.C": [1]}},
        {"zip": [{"label": [3]}]},
        {"zip": [{}]},
        {"targets": {"flat": {"C": 1}}},
        {"margins": {"far": 1}},
        {"computed": -1},
        {"config": {"generator_widths": [0]}},
        {"config": {"generator_widths": [4], "generator_activation": "sine"}},
        {"config": {"target": {"components": [{"mean": [0, 0], "covariances": 1}]}}},
    ],
)
def test_what_the_schema_refuses_is_refused(
    settings: dict, validator: jsonschema.Draft202012Validator
) -> None:
    assert not validator.is_valid(settings)
    with pytest.raises(UsageError):
        Study.parse(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"time_budget": "none", "first_seed": 7, "devices": ["cpu"]},
        {"config": {"target": "flat"}, "targets": {"flat": {"A": [[2.0]], "b": [1]}}},
        {"grid": {"target.b": [[0, 1], [1, 0]], "discriminator_widths": [[], [5, 3]]}},
        {"zip": [{"label": ["a", "b"], "epochs": [1, 2], "target.b": [[0, 1], [1, 0]]}]},
        {"computed": 5, "config": {"target": "ring8", "generator_widths": [8, 8]}},
        {"config": {"target": {"preset": "grid25"}}, "grid": {"generator_widths": [[], [16]]}},
        {"config": {"target": {"components": [{"mean": [0, 0], "standard_deviation": 1}]}}},
    ],
)
def test_what_is_usable_fits_the_schema(
    settings: dict, validator: jsonschema.Draft202012Validator
) -> None:
    validator.validate(settings)
    Study.parse(settings)


def test_a_folder_of_a_ready_studys_name_does_not_hide_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chapter").mkdir()
    (tmp_path / "other").mkdir()
    assert ready.find(Path("chapter")).name == "chapter.toml"
    # A folder of another name is told as what it is, and a file comes before a name.
    assert ready.find(Path("other")) == Path("other")
    (tmp_path / "dialects").touch()
    assert ready.find(Path("dialects")) == Path("dialects")


@pytest.mark.parametrize("name", ["ring", "grid25"])
def test_a_study_of_modes_is_computed_and_the_penalties_weigh_the_same(name: str) -> None:
    configs = Study.parse(tomllib.loads(ready.text(name))).configurations()
    for config in configs.values():
        assert not config.closed_form
        assert (config.latent_size, config.dimension) == (2, 2)  # what the density is computed of
    # A penalty is halved like the cross-entropy is; the relativistic loss is not halved.
    plain, paired = configs["R1 + R2"], configs["relativistic, R1 + R2"]
    assert plain.r1 == plain.r2 > 0
    assert paired.r1 == paired.r2 == 2 * plain.r1
