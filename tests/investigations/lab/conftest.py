"""A lab of 24 settings, trained in a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gan_eval.investigations.lab import Lab, Settings, lab
from gan_eval.investigations.lab import settings as labs
from gan_eval.investigations.lab.controls import Control, controls


def few(*, quick: bool = False) -> tuple[Control, ...]:
    """Two choices of each rate, the three discriminators, one switch."""
    return controls(quick=True)[:4]


@pytest.fixture(autouse=True, scope="session")
def few_controls() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labs, "controls", few)
        yield


@pytest.fixture(scope="session")
def small(few_controls: None) -> Lab:
    return lab(Settings.of(replicates=20, epochs=6), workers=1)
