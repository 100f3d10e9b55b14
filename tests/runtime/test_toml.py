from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_eval.runtime.settings import to_toml
from gan_eval.study.plan.study import Study
from gan_eval.training.config import TrainingConfig


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"adam_epsilon": 1e-8, "dialect": "mxnet"},
        {"target": {"A": [[3.0]], "b": [1e300]}, "discriminator_widths": []},
    ],
)
def test_a_configuration_is_read_back(settings: dict) -> None:
    config = TrainingConfig.parse(settings)
    text = to_toml(config.model_dump(mode="json"))
    assert TrainingConfig.parse(tomllib.loads(text)) == config


def test_a_study_is_read_back() -> None:
    study = Study.parse({"name": 'a "b"\n\u202e', "grid": {"batch_size": [4, 8]}})
    text = to_toml(study.model_dump(mode="json"))
    assert Study.parse(tomllib.loads(text)) == study


_scalars = (
    st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(
    st.dictionaries(
        _keys,
        _scalars | st.lists(_scalars, max_size=3) | st.dictionaries(_keys, _scalars),
        max_size=4,
    )
)
def test_any_settings_are_read_back(settings: dict) -> None:
    kept = {k: v for k, v in settings.items() if v != {}}
    assert tomllib.loads(to_toml(settings)) == kept
