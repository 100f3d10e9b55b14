"""The fused CUDA backend, on a GPU where there is one and in Numba's simulator where not.

The simulator has to be asked for before Numba is imported, so these tests run once more in a
process of their own (``test_it_passes_in_the_simulator``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import EpochEnd

from . import contract

if TYPE_CHECKING:
    from gan_eval.training.backends.fused_cuda import FusedCUDABackend

on_device = pytest.mark.usefixtures("device")


@pytest.fixture(scope="module")
def fused() -> FusedCUDABackend:
    pytest.importorskip("numba.cuda", reason="numba-cuda is not installed")
    from gan_eval.training.backends.fused_cuda import FusedCUDABackend

    return FusedCUDABackend()


@pytest.fixture(scope="module")
def device(fused: FusedCUDABackend) -> None:
    if not fused.devices():
        pytest.skip("no GPU; the simulator's process runs it")


@pytest.mark.thorough
@pytest.mark.skipif("NUMBA_ENABLE_CUDASIM" in os.environ, reason="this is the simulator's process")
def test_it_passes_in_the_simulator() -> None:
    pytest.importorskip("numba.cuda", reason="numba-cuda is not installed")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "skipped" not in ended.stdout
    assert int(ended.stdout.split(" passed")[0].split()[-1]) >= 10


@on_device
@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_it_agrees_with_the_arbiter(fused: FusedCUDABackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(fused, variant, "cuda")


@on_device
def test_a_seed_has_the_same_bits_in_any_company(fused: FusedCUDABackend) -> None:
    config = TrainingConfig(epochs=2, n_examples=30, batch_size=7)
    together = fused.train(config, [4, 5, 6], "cuda")
    contract.same(fused.train(config, [5], "cuda"), together.take(slice(1, 2)))


@on_device
def test_float32_agrees_with_the_cpu_kernel_before_chaos(fused: FusedCUDABackend) -> None:
    # One program, two machines: they differ in how fma rounds in the simulator, if at all.
    config = TrainingConfig(epochs=1, n_examples=80)
    ours, cpu = fused.train(config, [0, 1], "cuda"), backend("fused_cpu").train(config, [0, 1])
    np.testing.assert_allclose(ours.weights, cpu.weights, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(ours.loss_D, cpu.loss_D, rtol=1e-5)


@on_device
def test_epoch_ends_and_sparse_histories(fused: FusedCUDABackend) -> None:
    config = TrainingConfig(epochs=3, n_examples=16)
    ends: list[EpochEnd] = []
    told = fused.train(config, [7, 8], "cuda", ends.append)
    assert [end.epoch for end in ends] == [1, 2, 3]
    np.testing.assert_array_equal(ends[1].weights, told.weights[:, 2])
    assert (told.chapter_seconds >= told.seconds).all()
    thin = fused.train(config, [7, 8], "cuda", every=2)
    assert thin.traced.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(thin.weights, told.weights[:, thin.traced])


@on_device
def test_a_diverging_run_comes_back_and_is_not_finite(fused: FusedCUDABackend) -> None:
    config = TrainingConfig.parse(contract.DIVERGING)
    assert not fused.train(config, [0, 1], "cuda").finite().any()


@on_device
def test_long_loops_agree_with_the_arbiter(
    fused: FusedCUDABackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(contract.VARIANTS, "long", {"discriminator_widths": (18, 3)})
    contract.agrees_with_the_arbiter(fused, "long", "cuda")


@on_device
def test_what_it_cannot_do_it_refuses_by_naming_who_can(fused: FusedCUDABackend) -> None:
    config = TrainingConfig(discriminator_widths=(100, 100))
    with pytest.raises(UsageError, match=r"at most 4096 weights .* `fused_cpu` and `jax`"):
        fused.train(config, [0], "cuda")


@on_device
def test_parts_shared_out_among_threads_have_the_same_bits(
    fused: FusedCUDABackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_eval.training.backends import fused_cuda

    config = TrainingConfig(epochs=2, n_examples=16)
    alone = fused.train(config, range(5), "cuda")
    # The last part has one replicate, in memory for two.
    monkeypatch.setattr(fused_cuda, "_shares", lambda *_, **__: (2, 2))
    contract.same(fused.train(config, range(5), "cuda"), alone)


@on_device
def test_a_failure_in_one_thread_ends_the_others(
    fused: FusedCUDABackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_eval.training.backends import fused_cuda

    asked: list[int] = []

    def fail(self: object, part: slice) -> None:
        asked.append(part.start)
        raise MemoryError("the device is full")

    monkeypatch.setattr(fused_cuda, "_shares", lambda *_, **__: (2, 1))
    monkeypatch.setattr(fused_cuda._Launcher, "_train", fail)
    with pytest.raises(MemoryError, match="full"):
        fused.train(TrainingConfig(epochs=1, n_examples=16), range(50), "cuda")
    assert len(asked) <= 4


@pytest.mark.parametrize(
    ("a", "b"),
    [(1, 3), (-2, 0.7), (1e30, 1e-5), (3e-30, 4e20), (0, 5), (-7, np.inf), (5, -np.inf)],
)
def test_a_quotient_is_good_to_an_ulp_and_nought_by_infinity(
    fused: FusedCUDABackend, a: float, b: float
) -> None:
    from gan_eval.training.fused.cuda_compile import _simulated_names
    from gan_eval.training.fused.cuda_source import Source
    from gan_eval.training.fused.values import Value

    k, x, y = Source(double=False), np.float32(a), np.float32(b)
    found = Value(k, "a", "real") / Value(k, "b", "real")
    names = _simulated_names() | {"f32": np.float32, "a": x, "b": y}
    with np.errstate(invalid="ignore"):
        exec("\n".join(line.strip() for line in k.lines), names)
    exact = np.float32(np.float64(x) / np.float64(y))
    assert abs(names[found.handle] - exact) <= np.spacing(abs(exact))


def test_without_a_gpu_there_is_no_device(fused: FusedCUDABackend) -> None:
    contract.refuses_a_device_that_is_not_there(fused)


@on_device
@pytest.mark.parametrize("variant", contract.REMEDIES)
def test_it_trains_the_remedies(fused: FusedCUDABackend, variant: str) -> None:
    contract.trains_the_remedies(fused, variant, "cuda")


@on_device
@pytest.mark.parametrize("variant", contract.CURVED)
def test_it_trains_curved_generators(fused: FusedCUDABackend, variant: str) -> None:
    contract.trains_curved_generators(fused, variant, "cuda")
