"""Configurations and studies: defaults, reading, identity, refusals."""

import contextlib
import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import parse_assignment
from gan_eval.study.plan.study import Study
from gan_eval.training.config import Margins, TargetConfig, TrainingConfig

config: Any = TrainingConfig  # without its types: some calls are mistakes, some give tables
study: Any = Study


def _refusal(*assignments: str, model: type[TrainingConfig] | type[Study] = TrainingConfig) -> str:
    with pytest.raises(UsageError) as refusal:
        model.read(None, assignments)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_the_defaults_are_the_chapters() -> None:
    config = TrainingConfig()
    assert (config.learning_rate_D, config.learning_rate_G) == (0.05, 0.005)
    assert (config.batch_size, config.epochs, config.n_examples) == (8, 20, 1000)
    assert config.generator_sizes == (2, 2)
    assert config.discriminator_sizes == (2, 5, 3, 1)
    parameters = sum((i + 1) * o for i, o in zip((2, 5, 3), (5, 3, 1), strict=True))
    assert parameters == 37
    assert (config.adam_beta1, config.adam_beta2, config.adam_epsilon) == (0.9, 0.999, 1e-8)
    assert config.steps_per_epoch == 125


def test_the_last_smaller_batch_counts_as_a_step() -> None:
    assert TrainingConfig(n_examples=1001).steps_per_epoch == 126


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("batchsize=3", "unknown setting `batchsize`: did you mean `batch_size`?"),
        ("target.a=[[1]]", "unknown setting `target.a`: did you mean `A`?"),
        ("batch_size=0", "`batch_size` must be between 1 and n_examples (1000), got 0"),
        ("batch_size=1001", "`batch_size` must be between 1 and n_examples (1000), got 1001"),
        ("batch_size=eight", "`batch_size` must be an integer, got 'eight'"),
        ("batch_size=8.0", "`batch_size` must be an integer, got 8.0"),
        ("epochs=true", "`epochs` must be an integer, got True"),
        ("learning_rate_D=-1", "`learning_rate_D` must be greater than 0, got -1"),
        ("learning_rate_G=nan", "`learning_rate_G` must be finite, got nan"),
        ("learning_rate_G=inf", "`learning_rate_G` must be finite, got inf"),
        ("adam_beta1=1.0", "`adam_beta1` must be less than 1"),
        ("dialect=keras", "`dialect` must be one of 'pytorch', 'mxnet' or 'tensorflow'"),
        ("target.A=[[1, nan], [0, 1]]", "`target.A.0.1` must be finite, got nan"),
        ("target.A=[[1, 2], [2, 4]]", "`A` must have full rank"),
        ("target.A=[[1, 2], [2]]", "`A` must be a square matrix, got rows of unequal length"),
        ("target=3", "`target` must be a table, got 3"),
        ("discriminator_widths=5", "`discriminator_widths` must be an array, got 5"),
        ("discriminator_widths=[5, 0]", "`discriminator_widths.1` must be at least 1, got 0"),
        ("n_examples=100000000000", "`n_examples` must be at most 100000000"),
        ("epochs", "a setting is written key=value, got 'epochs'"),
        ("=3", "a setting is written key=value, got '=3'"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(assignment: str, sentence: str) -> None:
    assert sentence in _refusal(assignment)


def test_toml_is_read_and_overlaid(tmp_path: Path) -> None:
    file = tmp_path / "gan.toml"
    file.write_text("batch_size = 16\nepochs = 3\n[target]\nb = [0.0, 0.0]\n")
    config = TrainingConfig.read(file, ["epochs=5", "dialect=mxnet", "target.A=[[2, 0], [0, 2]]"])
    assert (config.batch_size, config.epochs, config.dialect) == (16, 5, "mxnet")
    assert config.target.b == (0.0, 0.0)
    assert config.target.A == ((2.0, 0.0), (0.0, 2.0))


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    broken, binary = tmp_path / "broken.toml", tmp_path / "binary.toml"
    broken.write_text("epochs = 3\nbatch_size = = 4\n")
    binary.write_bytes(b"\xff\xfe\x00")
    cases = {
        broken: "line 2",
        binary: "not a text file",
        tmp_path: "is a directory",
        tmp_path / "absent.toml": "there is no file",
    }
    for path, sentence in cases.items():
        with pytest.raises(UsageError, match=sentence):
            TrainingConfig.read(path)


def test_the_hash_is_the_identity() -> None:
    config = TrainingConfig()
    assert config.hash == TrainingConfig(adam_epsilon=1e-8, batch_size=8).hash
    assert config.hash == TrainingConfig.parse({"target": {"b": [1, 2]}}).hash
    assert config.hash == TrainingConfig.parse({"target": GaussianTarget.chapter()}).hash
    assert (
        TrainingConfig.parse({"target": {"b": [0.0, 1.0]}}).hash
        == TrainingConfig.parse({"target": {"b": [-0.0, 1.0]}}).hash
    )
    others = [
        TrainingConfig(**{name: value})
        for name, value in {
            "epochs": 21,
            "dtype": "float64",
            "dialect": "mxnet",
            "generator_loss": "saturating",
            "init_scale": 0.021,
            "discriminator_widths": (5, 4),
        }.items()
    ]
    assert len({config.hash, *(other.hash for other in others)}) == 1 + len(others)


def test_a_dialect_brings_its_epsilon_unless_one_is_given() -> None:
    assert TrainingConfig(dialect="tensorflow").adam_epsilon == 1e-7
    assert TrainingConfig(dialect="tensorflow", adam_epsilon=1e-5).adam_epsilon == 1e-5
    assert TrainingConfig(dialect="mxnet").adam_epsilon == 1e-8


def test_assignments_are_toml_or_plain_words() -> None:
    assert parse_assignment("a.b = [1, 2]") == (["a", "b"], [1, 2])
    assert parse_assignment("dialect=mxnet") == (["dialect"], "mxnet")
    assert parse_assignment("name=a=b") == (["name"], "a=b")
    assert parse_assignment("x=1\ny=2") == (["x"], "1\ny=2")


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_read_or_refused_in_one_sentence(key: str, value: str) -> None:
    with contextlib.suppress(UsageError):  # and no other exception
        TrainingConfig.read(None, [f"{key}={value}"])


def test_a_grid_expands_in_order_with_labels() -> None:
    study = Study.parse(
        {
            "name": "rates",
            "config": {"epochs": 2},
            "grid": {"learning_rate_D": [0.05, 0.02], "target.b": [[0, 0], [1, 2]]},
        }
    )
    found = study.configurations()
    assert list(found) == [
        "learning_rate_D=0.05, target.b=[0, 0]",
        "learning_rate_D=0.05, target.b=[1, 2]",
        "learning_rate_D=0.02, target.b=[0, 0]",
        "learning_rate_D=0.02, target.b=[1, 2]",
    ]
    assert {config.epochs for config in found.values()} == {2}
    assert list(found.values())[2].target.b == (0.0, 0.0)


def test_zipped_fields_change_together_and_axes_multiply() -> None:
    study = Study.parse(
        {
            "grid": {"batch_size": [8, 16]},
            "zip": [
                {"learning_rate_D": [0.05, 0.02], "learning_rate_G": [0.005, 0.002]},
                {"label": ["short", "long"], "epochs": [1, 2]},
            ],
        }
    )
    found = study.configurations()
    assert list(found)[:3] == [
        "batch_size=8, learning_rate_D=0.05, learning_rate_G=0.005, short",
        "batch_size=8, learning_rate_D=0.05, learning_rate_G=0.005, long",
        "batch_size=8, learning_rate_D=0.02, learning_rate_G=0.002, short",
    ]
    settings = [
        (c.batch_size, c.learning_rate_D, c.learning_rate_G, c.epochs) for c in found.values()
    ]
    assert settings == [
        (batch, *rates, epochs)
        for batch in (8, 16)
        for rates in ((0.05, 0.005), (0.02, 0.002))
        for epochs in (1, 2)
    ]


def test_a_target_is_named_and_varied() -> None:
    study = Study.parse(
        {
            "targets": {
                "flat": {"A": [[1, 0], [0, 0.1]], "b": [0, 0]},
                "line": {"A": [[3.0]], "b": [7.0]},
            },
            "config": {"target": "flat", "latent_size": 1},
            "grid": {"target": ["line", "flat"], "epochs": [1]},
        }
    )
    found = study.configurations()
    assert list(found) == ["target=line, epochs=1", "target=flat, epochs=1"]
    assert [config.target.b for config in found.values()] == [(7.0,), (0.0, 0.0)]
    parts = {"config": {"target": "flat"}, "grid": {"target.b": [[1, 1], [2, 2]]}}
    inner = Study.parse({"targets": {"flat": {"A": [[1, 0], [0, 0.1]], "b": [0, 0]}}} | parts)
    assert [config.target.A[1][1] for config in inner.configurations().values()] == [0.1, 0.1]


def test_a_long_value_is_told_by_its_place() -> None:
    matrices = [[[1.0, 0.0], [0.0, scale]] for scale in (1.2345678901, 0.12345678901)]
    study = Study.parse({"grid": {"target.A": matrices}})
    assert list(study.configurations()) == ["target.A=#1", "target.A=#2"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"zip": [{"epochs": [1, 2], "batch_size": [3]}]}, "equally many values"),
        ({"zip": [{"label": ["a"]}]}, "must name fields of the configuration"),
        ({"zip": [{"label": [3], "epochs": [1]}]}, "a `label` must be a string"),
        ({"zip": [{}]}, "`zip.0` must be of length 1 or more"),
        ({"zip": {"epochs": [1]}}, "`zip` must be an array"),
        ({"grid": {"epochs": [1]}, "zip": [{"epochs": [2]}]}, "'epochs' is a field of two axes"),
        ({"grid": {"epochs": [1, 1]}}, "one configuration twice: 'epochs=1' and 'epochs=1'"),
        ({"grid": {"dialect": ["pytorch"], "adam_epsilon": [1e-8, 1e-08]}}, "twice"),
        ({"grid": {"target": ["flat"]}}, "unknown target 'flat': known are `chapter`"),
        (
            {"targets": {"flat": {}}, "config": {"target": "falt"}},
            "unknown target 'falt': did you mean `flat`?",
        ),
        ({"targets": {"flat": {"A": [[1, 1], [1, 1]]}}}, "`A` must have full rank"),
        ({"grid": dict.fromkeys("abcde", [0] * 10)}, "100000 combinations, at most 10000"),
        ({"backends": []}, "`backends` must be of length 1 or more"),
        ({"backends": ["pytorch", "pytorch"]}, "a name stands twice"),
        ({"name": "a\0b"}, "must be text that a file can hold"),
        ({"name": "x" * 10_000}, "`name` must be of 200 characters or less"),
    ],
)
def test_unusable_axes_and_names_are_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as refusal:
        Study.parse(settings)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("replicate=3", "unknown setting `replicate`: did you mean `replicates`?"),
        ("replicates=0", "`replicates` must be at least 1, got 0"),
        ("first_seed=-1", "`first_seed` must be at least 0, got -1"),
        ("config.batch_size=0", "`batch_size` must be between 1 and n_examples"),
        ("config.batchsize=1", "unknown setting `batchsize`: did you mean `batch_size`?"),
        ("grid.epochs=[]", "`grid.epochs` must be of length 1 or more, got []"),
        ("grid.epochs=3", "`grid.epochs` must be an array, got 3"),
        ("grid.epochs=[1, 0]", "`epochs` must be at least 1, got 0"),
        ("margins.near=0.01", "`margins` must satisfy 0 < converged ≤ near"),
        ("time_budget=0", "`time_budget` must be greater than 0, got 0"),
        ("name=", "`name` must be a string that is not empty, got ''"),
    ],
)
def test_bad_studies_are_refused_in_one_sentence(assignment: str, sentence: str) -> None:
    assert sentence in _refusal(assignment, model=Study)


def test_a_study_may_have_no_time_budget() -> None:
    assert Study.read(None, ["time_budget=none"]).time_budget is None


def test_margins_are_in_order() -> None:
    assert Margins().converged < Margins().near


def test_a_study_names_its_tests_in_any_order() -> None:
    assert Study().tests == ("mmd", "energy")
    named = Study.parse({"tests": ["energy", "likelihood_ratio", "mmd"]})
    assert named.tests == ("likelihood_ratio", "mmd", "energy")


@pytest.mark.parametrize(
    ("tests", "sentence"),
    [
        (["mmd", "hoteling"], "unknown test 'hoteling': did you mean `hotelling`?"),
        (["mmd", "mmd"], "a name stands twice in ['mmd', 'mmd']"),
        ([], "`tests` must be of length 1 or more, got []"),
        ([3], "`tests.0` must be a string, got 3"),
        ("mmd", "`tests` must be an array, got 'mmd'"),
    ],
)
def test_tests_that_are_none_are_refused_in_a_sentence(tests: object, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Study.parse({"tests": tests})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: config(lr=1), "unknown setting `lr`: did you mean `learning_rate_D` or"),
        (lambda: config(learning_rate=1), "did you mean `learning_rate_D` or `learning_"),
        (lambda: config(batch_size=0), "`batch_size` must be between 1 and n_examples"),
        (lambda: config(target={"b": ["x", 1]}), "`target.b.0` must be a number, got 'x'"),
        (lambda: study(epochs=3), "it belongs under [config], as `config.epochs`"),
        (lambda: study(learning_rate=1), "did you mean `config.learning_rate_D` or `config."),
        (lambda: study(seed=1), "did you mean `first_seed`?"),
        (lambda: Margins(near=0.01), "0 < converged ≤ near"),
    ],
)
def test_python_is_answered_with_the_sentence_of_the_command_line(
    make: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as refusal:
        make()
    assert "\n" not in str(refusal.value)


def test_settings_are_copied_pickled_and_validated_as_pydantic_does() -> None:
    for one in (
        config(epochs=5, target={"b": [0.0, 0.0]}),
        Study(grid={"batch_size": [4, 8]}, config={"epochs": 3}),
    ):
        assert pickle.loads(pickle.dumps(one)) == one == copy.deepcopy(one) == one.model_copy()
        assert type(one).model_validate(one.model_dump()) == one
        assert eval(repr(one), {**globals(), "TargetConfig": TargetConfig}) == one
    with pytest.raises(ValidationError):
        TrainingConfig.model_validate({"lr": 1})
