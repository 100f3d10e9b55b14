"""The MXNet loop: what every backend promises, and the quirks of a retired framework."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from gan_eval.distributions.divergences import kl
from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig

from . import contract

# Not importorskip: without the repair of numpy.bool the import fails where MXNet is installed.
if importlib.util.find_spec("mxnet") is None:
    pytest.skip("MXNet is not installed", allow_module_level=True)

from gan_eval.training.backends import mxnet as module
from gan_eval.training.backends.mxnet import MXNetBackend, mx


@pytest.fixture(scope="module")
def mxnet() -> MXNetBackend:
    return MXNetBackend()


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_the_loop_agrees_with_the_arbiter(mxnet: MXNetBackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(mxnet, variant)


@pytest.mark.parametrize("variant", contract.FEW)
def test_it_trains_the_remedies_that_leave_the_steps_alone(
    mxnet: MXNetBackend, variant: str
) -> None:
    contract.trains_the_remedies(mxnet, variant)


@pytest.mark.parametrize("variant", contract.LINEAR)
def test_it_trains_a_linear_generator_on_mixtures(mxnet: MXNetBackend, variant: str) -> None:
    contract.trains_curved_generators(mxnet, variant)


@pytest.mark.parametrize(
    "check",
    [
        contract.is_the_same_whatever_stands_beside_it,
        contract.returns_shapes_clocks_and_epoch_ends,
        contract.tells_the_discriminator_of_each_epoch,
        contract.returns_a_diverging_run_that_is_not_finite,
        contract.refuses_a_device_that_is_not_there,
        contract.refuses_the_other_remedies,
    ],
)
def test_it_keeps_what_every_backend_promises(
    mxnet: MXNetBackend, check: Callable[[MXNetBackend], None]
) -> None:
    check(mxnet)


@pytest.mark.parametrize("dialect", ["pytorch", "mxnet", "tensorflow"])
def test_float32_is_float64_to_its_precision(mxnet: MXNetBackend, dialect: str) -> None:
    # In float32 Adam is MXNet's fused operator, in float64 it is written out.
    short = {"epochs": 1, "n_examples": 100, "batch_size": 7, "dialect": dialect}
    single = mxnet.train(TrainingConfig.parse(short), [0])
    double = mxnet.train(TrainingConfig.parse(short | {"dtype": "float64"}), [0])
    assert not np.array_equal(single.weights[:, 1], double.weights[:, 1])
    np.testing.assert_allclose(single.weights, double.weights, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(single.loss_D, double.loss_D, rtol=1e-5)


def test_the_chapters_twenty_epochs_learn_the_law(mxnet: MXNetBackend) -> None:
    config = TrainingConfig(dialect="mxnet")
    trained = mxnet.train(config, [0])
    learned, target = trained.law(-1), config.target.gaussian().law
    assert trained.finite().all()
    assert kl(trained.law(0), target)[0] > 3
    assert kl(learned, target)[0] < 1
    np.testing.assert_allclose(trained.loss_D[0, -1], np.log(2), atol=0.02)


def test_training_neither_reads_nor_moves_mxnets_global_generator(mxnet: MXNetBackend) -> None:
    config = TrainingConfig(epochs=1, n_examples=16)
    mx.random.seed(1)
    undisturbed = mx.nd.random.normal(shape=9).asnumpy()
    first = mxnet.train(config, [0])
    mx.random.seed(1)
    contract.same(first, mxnet.train(config, [0]))
    np.testing.assert_array_equal(mx.nd.random.normal(shape=9).asnumpy(), undisturbed)


def test_a_caller_who_uses_mxnets_numpy_semantics_keeps_them(mxnet: MXNetBackend) -> None:
    config = TrainingConfig(epochs=1, n_examples=16)
    usual = mxnet.train(config, [0])
    mx.npx.set_np()
    try:
        contract.same(usual, mxnet.train(config, [0]))
        assert mx.util.is_np_array()
        assert mx.util.is_np_shape()
    finally:
        mx.npx.reset_np()


def test_adam_takes_what_float32_cannot_hold(mxnet: MXNetBackend) -> None:
    # MXNet's fused operator refuses such a scalar.
    config = TrainingConfig(epochs=1, n_examples=16, adam_epsilon=1e-60, learning_rate_G=1e-60)
    trained = mxnet.train(config, [0])
    np.testing.assert_array_equal(trained.weights[0, 0].astype("f4"), trained.weights[0, 1])


@pytest.mark.parametrize("scale", [0, 1e-20])
def test_a_start_with_logits_of_zero_is_refused(mxnet: MXNetBackend, scale: float) -> None:
    config = TrainingConfig(init_scale=scale, dialect="mxnet")
    with pytest.raises(UsageError, match=f"larger `init_scale` in float32, got {scale:g}: the fi"):
        mxnet.train(config, [0])


def test_a_start_with_tiny_logits_is_right(mxnet: MXNetBackend) -> None:
    short = contract.SHORT | {"init_scale": 1e-20, "dialect": "mxnet", "discriminator_widths": ()}
    ours = mxnet.train(TrainingConfig.parse(short), [0])
    theirs = backend("pytorch").train(TrainingConfig.parse(short), [0])
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-9, atol=1e-12)
    assert np.abs(ours.weights[0, -1]).max() > 1e-3


IMPORT = """
import os, random
import numpy as np
names, environment = set(vars(np)), dict(os.environ)
state, plain = np.random.get_state()[1].tolist(), random.getstate()
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
mxnet = backend("mxnet")
assert "bool" not in set(vars(np)) - names
assert dict(os.environ) == environment
mxnet.train(TrainingConfig(epochs=1, n_examples=16), [0])
assert (np.random.get_state()[1].tolist(), random.getstate()) == (state, plain)
"""


def test_its_import_leaves_no_trace() -> None:
    """No ``numpy.bool``, no warning (they are errors), no word, no setting, no random number."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


THREADS = """
import os
from gan_eval.training.backends import backend
backend("mxnet")
import mxnet as mx
before = len(os.listdir("/proc/self/task"))
mx.nd.exp(mx.nd.ones(1_000_000)).wait_to_read()
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")
@pytest.mark.parametrize("allowed", [1, 3])
def test_an_operator_uses_the_threads_that_are_allowed(allowed: int) -> None:
    # Without tuning an operator takes every thread it may, whether or not that pays.
    told = {"GAN_EVAL_THREADS": str(allowed), "MXNET_USE_OPERATOR_TUNING": "0"}
    environment = os.environ | told
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == allowed - 1


def test_numpy_2_beside_it_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "__version__", "2.4.6")
    with pytest.raises(ImportError, match=r"^MXNet needs numpy<2, and NumPy 2\.4\.6 is installed$"):
        module._import_mxnet()


def test_a_python_without_distutils_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(name: str) -> None:
        raise ModuleNotFoundError("No module named 'distutils'", name="distutils")

    monkeypatch.setattr(importlib, "import_module", find)
    with pytest.raises(ImportError, match="pip install setuptools") as refusal:
        module._import_mxnet()
    assert not isinstance(refusal.value, ModuleNotFoundError)  # which means: MXNet is missing
    assert "bool" not in vars(np)


def test_the_registry_finds_it() -> None:
    assert isinstance(backend("mxnet"), MXNetBackend)
