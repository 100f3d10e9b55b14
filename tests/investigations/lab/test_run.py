"""The numbers of a lab are those of ``judge`` and ``summarise``; workers change none of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.investigations.lab import Lab, lab
from gan_eval.investigations.lab.result import COLUMNS
from gan_eval.investigations.lab.run import _units


def test_a_place_is_what_judge_and_summarise_say(small: Lab) -> None:
    settings = small.settings
    for place in (settings.chapter, settings.place(form=1, whitened=1)):
        gans = ge.train(settings.config(place), settings.seeds, backend="fused_cpu")
        rows = ge.judge(gans, permutations=0)
        summary = ge.summarise(rows).iloc[0]
        for name in COLUMNS:
            assert small.cells[name].iloc[place] == pytest.approx(summary[name], rel=1e-12)
        np.testing.assert_allclose(small.traces.final[place], np.sort(rows["kl"]), rtol=1e-12)
        assert small.traces.kl[place, -1, 1] == pytest.approx(summary["kl"])
        np.testing.assert_allclose(
            small.traces.losses[place, 1:],
            np.stack([np.median(gans.loss_D, axis=0), np.median(gans.loss_G, axis=0)], axis=1),
        )
        at = int(np.flatnonzero(gans.seeds == small.traces.chosen[place, 1])[0])
        law = gans.law()
        assert rows["kl"].rank().iloc[at] in (10, 11)
        expected = [*law.mean[at], *law.covariance[at][np.triu_indices(2)]]
        np.testing.assert_allclose(small.traces.laws[place, 1, -1], expected)


def test_every_place_is_trained_once(small: Lab) -> None:
    places = [place for part in _units(small.settings) for place in part]
    assert sorted(places) == list(range(small.settings.places))


def test_workers_change_nothing_and_progress_counts_trainings(small: Lab) -> None:
    told: list[tuple[int, int]] = []
    again = lab(
        small.settings, workers=1, on_progress=lambda p: told.append((p.finished, p.planned))
    )
    pd.testing.assert_frame_equal(again.cells[list(COLUMNS)], small.cells[list(COLUMNS)])
    assert told[0] == (0, small.settings.trainings)
    assert told[-1] == (small.settings.trainings, small.settings.trainings)


def test_the_best_is_the_one_of_most_worth(small: Lab) -> None:
    assert small.worth(small.best) == small.cells["worth_kl"].max()
    without = small.best_of(["5-3", "16"])
    assert small.settings.config(without).discriminator_form == "mlp"
    assert small.best_of(small.forms) == small.best


def test_a_document_is_read_back_whole(small: Lab, tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    path.write_text(json.dumps(small.document(), allow_nan=False), encoding="utf-8")
    read = Lab.load(path)
    assert read.settings == small.settings
    for name, values in vars(small.traces).items():
        np.testing.assert_allclose(getattr(read.traces, name), values, rtol=1e-8)
    np.testing.assert_allclose(read.cells[list(COLUMNS)], small.cells[list(COLUMNS)], rtol=1e-8)
    assert read.document() == small.document()


@pytest.mark.parametrize("harm", ["form", "settings", "cells", "traces", "replicates"])
def test_a_damaged_document_is_refused(small: Lab, harm: str) -> None:
    found = json.loads(json.dumps(small.document()))
    if harm == "replicates":
        found["settings"]["replicates"] = 30
    elif harm == "cells":
        found["cells"]["kl"] = found["cells"]["kl"][:-1]
    else:
        found[harm] = {}
    with pytest.raises(ge.UsageError):
        Lab.from_document(found)
