"""The metrics: what they compute, how they add up over processes, and what torchmetrics does."""

from __future__ import annotations

import copy
import importlib
import json
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.sketch import LineSketch, Reference, Sketch
from gan_eval.stats.sketch.distances import worth as sketch_worth
from gan_eval.stats.twosample.mmd import mmd2
from gan_eval.stats.worth import worth

pytest.importorskip("torchmetrics")

from torchmetrics import MetricCollection

from gan_eval.integrations import torchmetrics as metrics
from gan_eval.integrations.torchmetrics import MMD, Energy, Worth

KINDS: dict[str, Any] = {
    "MMD": MMD,
    "Energy": Energy,
    "Worth": Worth,
    "limit": lambda rows, **options: Worth(rows, by="energy", limit=True, **options),
}


def rows(seed: int, n: int = 1500) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


REFERENCE, REAL, GENERATED = rows(0, 800), rows(1), rows(2) + 0.3


def filled(metric: Any, first: int = 0, step: int = 1, batch: int = 100) -> Any:
    """Give a metric every ``step``-th batch of both sides."""
    for side, table in ((True, REAL), (False, GENERATED)):
        for some in table.split(batch)[first::step]:
            metric.update(some, real=side)
    return metric


def close(one: Any, other: Any) -> bool:
    return math.isclose(float(one), float(other), rel_tol=1e-12, abs_tol=1e-12)


def states(metric: Any) -> dict[str, Tensor]:
    return {name: getattr(metric, name) for name in metric._defaults}


def in_one_of_two_processes(rank: int, folder: str) -> None:
    """Join the other process, fill metrics with every other batch, and write what they say."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    try:
        found = {}
        for name, kind in KINDS.items():
            metric = filled(kind(REFERENCE), rank, 2)
            rest = states(metric)["real_counts"].sum()
            found[name] = [float(metric.compute()), metric.result().to_dict()]
            assert states(metric)["real_counts"].sum() == rest  # its own again
        Path(folder, f"{rank}.json").write_text(json.dumps(found), "utf-8")
    finally:
        torch.distributed.destroy_process_group()


def test_two_processes_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo" if sys.platform == "linux" else "lo0")
    spawn(in_one_of_two_processes, (str(tmp_path),), nprocs=2)
    found = [json.loads((tmp_path / f"{rank}.json").read_text("utf-8")) for rank in (0, 1)]
    assert found[0] == found[1]
    for name, kind in KINDS.items():
        value, result = found[0][name]
        # The same blocks, added up here by hand.
        parts = [filled(kind(REFERENCE, rank=rank), rank, 2) for rank in (0, 1)]
        for key, state in states(parts[0]).items():
            state += states(parts[1])[key]
        assert close(value, parts[0].compute()), name
        assert result.keys() == parts[0].result().to_dict().keys()
        for key, expected in parts[0].result().to_dict().items():
            assert result[key] == expected or close(result[key], expected), (name, key)
        if name in ("MMD", "Energy"):  # all rows and no blocks: dealt in one process or in two
            assert close(value, filled(kind(REFERENCE)).compute())


@pytest.mark.parametrize("name", KINDS)
def test_neither_batches_nor_their_order_matter_to_the_distance(name: str) -> None:
    metric = KINDS[name](REFERENCE)
    for side, table in ((False, GENERATED), (True, REAL)):
        metric.update(table, real=side)
    other = filled(KINDS[name](REFERENCE), batch=37)
    assert close(metric.compute(), other.compute())


def test_it_is_what_the_sketches_say() -> None:
    reference = Reference.of(REFERENCE)
    real = Sketch(reference, stream="real/0").update(REAL)
    generated = Sketch(reference, stream="generated/0").update(GENERATED)
    metric = filled(MMD(reference))
    assert close(metric.compute(), real.mmd2(generated)[0])
    assert metric.result().pvalue == real.test(generated).pvalue
    found = sketch_worth(real, generated)
    assert found is not None
    assert close(filled(Worth(REFERENCE)).compute(), found.value)
    assert close(filled(Worth(REFERENCE, limit=True)).compute(), found.low)
    lines = LineSketch(REFERENCE, edges=256, stream="real/0").update(REAL)
    expected = lines.energy(LineSketch(lines, stream="generated/0").update(GENERATED))
    assert filled(Energy(REFERENCE)).result() == expected
    assert close(filled(Worth(REFERENCE, by="energy")).compute(), expected.worth.value)


def test_it_is_what_all_pairs_say() -> None:
    reference = Reference.of(REFERENCE)
    x, y = ((side.numpy() - reference.mean) @ reference.whitening for side in (REAL, GENERATED))
    expected = mmd2(x, y, bandwidth=reference.bandwidth)
    metric = filled(MMD(reference))
    assert abs(float(metric.compute()) - expected) <= metric.result().bound
    for by in ("mmd", "energy"):
        value = float(filled(Worth(REFERENCE, by=by)).compute())
        # The same in other coordinates, those of all real rows.
        assert value == pytest.approx(worth(REAL, GENERATED, by=by).value, rel=0.1)


def test_orientation() -> None:
    for kind in (MMD, Energy, Worth):
        near, far = kind(REFERENCE), kind(REFERENCE)
        for metric, shift in ((near, 0.3), (far, 1.0)):
            metric.update(REAL, real=True)
            metric.update(REAL.flip(0) + shift, real=False)
        better = near.compute() > far.compute()
        assert bool(better) is metric.higher_is_better
        assert not metric.is_differentiable


@pytest.mark.parametrize("name", KINDS)
def test_forward_gives_the_batch_and_adds_it_up(name: str) -> None:
    metric, plain = KINDS[name](REFERENCE), filled(KINDS[name](REFERENCE))
    for side, table in ((True, REAL), (False, GENERATED)):
        for some in table.split(100):
            assert metric(some, real=side).isnan()  # one side alone has no distance
    for key, state in states(plain).items():
        torch.testing.assert_close(states(metric)[key], state, rtol=1e-12, atol=1e-9)
    assert close(metric.compute(), plain.compute())


def test_no_two_rows_are_dealt_by_one_number_also_after_a_reset() -> None:
    metric = filled(MMD(REFERENCE))
    before = metric.real_counts.clone()
    metric.reset()
    assert metric.real_counts.sum() == 0
    filled(metric)
    assert metric.real_counts.sum() == len(REAL)
    assert not torch.equal(before, metric.real_counts)
    other = filled(MMD(REFERENCE, rank=3))
    assert not torch.equal(before, other.real_counts)
    assert torch.equal(before, filled(MMD(REFERENCE)).real_counts)


def test_a_collection_computes_a_shared_state_once() -> None:
    made = MetricCollection([MMD(REFERENCE), Worth(REFERENCE), Energy(REFERENCE)])
    filled(made)
    found = made.compute()
    assert sorted(map(sorted, made.compute_groups.values())) == [["Energy"], ["MMD", "Worth"]]
    for name, value in found.items():
        assert close(value, filled(KINDS[name](REFERENCE)).compute())


@pytest.mark.parametrize("name", KINDS)
def test_copies_pickles_and_saved_states_go_on(name: str) -> None:
    metric = filled(KINDS[name](REFERENCE), 0, 2)
    assert not metric.state_dict()
    metric.persistent(True)
    saved = metric.state_dict()
    loaded = KINDS[name](REFERENCE)
    loaded.persistent(True)
    loaded.load_state_dict(saved)
    others = [copy.deepcopy(metric), pickle.loads(pickle.dumps(metric)), metric.clone(), loaded]
    filled(metric, 1, 2)
    for other in others:
        filled(other, 1, 2)
        for key, state in states(metric).items():
            assert torch.equal(states(other)[key], state), key
        assert other.compute() == metric.compute() or metric.compute().isnan()
    assert saved["real_counts"].sum() < metric.real_counts.sum()


def test_precision_is_kept_whatever_the_model_is_cast_to() -> None:
    metric = filled(Energy(REFERENCE))
    value = metric.compute()
    for cast in (metric.half(), metric.float(), metric.set_dtype(torch.float32), metric.to("cpu")):
        assert cast.real_counts.dtype == torch.int64
        assert cast.real_tails.dtype == torch.float64
        assert cast.compute() == value
    metric.update(GENERATED.to(torch.bfloat16).requires_grad_(), real=False)
    metric.update(GENERATED.numpy(), real=False)
    assert metric.result().m == 3 * len(GENERATED)
    with torch.inference_mode():
        metric.reset()
        filled(metric)
    filled(metric)
    assert metric.result().n == 2 * len(REAL)


def test_what_cannot_be_used_is_refused_and_changes_nothing() -> None:
    metric = filled(MMD(REFERENCE))
    value = metric.compute()
    for wrong in (torch.zeros(3, 5), [[math.nan, 1.0]], "rows"):
        with pytest.raises(UsageError):
            metric.update(wrong, real=True)
    with pytest.raises(UsageError, match="real"):
        metric.update(REAL, real="yes")
    assert metric.compute() == value
    with pytest.raises(UsageError, match="by"):
        Worth(REFERENCE, by="kl")
    with pytest.raises(UsageError, match="rank"):
        MMD(REFERENCE, rank=-1)
    with pytest.raises(CannotTestError):
        Energy(REFERENCE).result()


def test_few_rows_have_a_lower_limit_of_0() -> None:
    for by in ("mmd", "energy"):
        metric = Worth(REFERENCE, by=by, limit=True)
        metric.update(REAL[:3], real=True)
        metric.update(GENERATED[:3], real=False)
        assert float(metric.compute()) == 0.0


def test_few_rows_of_many_columns_are_no_reference_for_worth() -> None:
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(2100, 12)))
    for limit, answer in ((False, math.nan), (True, 0.0)):
        metric = Worth(rows[:100], limit=limit)
        metric.update(rows[100:1100], real=True)
        metric.update(rows[1100:] + 1, real=False)
        assert float(metric.compute()) == pytest.approx(answer, nan_ok=True)
        assert metric.result().told_apart


def test_without_the_package_it_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    monkeypatch.delitem(sys.modules, metrics.__name__)
    with pytest.raises(ImportError, match=r"pip install .*\[torchmetrics\]"):
        importlib.import_module(metrics.__name__)


def test_rows_are_numbers_of_any_kind() -> None:
    metric = MMD(REFERENCE.numpy().astype(np.float32))
    metric.update(REAL.float(), real=True)
    metric.update(GENERATED.tolist(), real=False)
    assert metric.result().m == len(GENERATED)
