"""The TensorFlow loop, eager and compiled: what every backend promises, and its own quirks."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import tensorflow as tf

from gan_eval.distributions.divergences import kl
from gan_eval.training.backends import backend
from gan_eval.training.backends.tensorflow import TensorFlowBackend
from gan_eval.training.config import TrainingConfig

from . import contract


@pytest.fixture(scope="module")
def eager() -> TensorFlowBackend:
    return TensorFlowBackend("eager")


@pytest.fixture(scope="module")
def compiled() -> TensorFlowBackend:
    return TensorFlowBackend()


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_the_compiled_epoch_agrees_with_the_arbiter(
    compiled: TensorFlowBackend, variant: str
) -> None:
    contract.agrees_with_the_arbiter(compiled, variant)


@pytest.mark.parametrize("variant", ["chapter", "mxnet", "tensorflow", "last batch smaller"])
def test_the_eager_loop_agrees_with_the_arbiter(eager: TensorFlowBackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(eager, variant)


@pytest.mark.parametrize("variant", contract.FEW)
def test_it_trains_the_remedies_that_leave_the_steps_alone(
    compiled: TensorFlowBackend, variant: str
) -> None:
    contract.trains_the_remedies(compiled, variant)


@pytest.mark.parametrize("variant", contract.LINEAR)
def test_it_trains_a_linear_generator_on_mixtures(
    compiled: TensorFlowBackend, variant: str
) -> None:
    contract.trains_curved_generators(compiled, variant)


def test_the_eager_loop_trains_the_preset(eager: TensorFlowBackend) -> None:
    contract.trains_the_remedies(eager, "mended")


CHECKS = [
    contract.is_the_same_whatever_stands_beside_it,
    contract.returns_shapes_clocks_and_epoch_ends,
    contract.tells_the_discriminator_of_each_epoch,
    contract.returns_a_diverging_run_that_is_not_finite,
    contract.refuses_a_device_that_is_not_there,
    contract.refuses_the_other_remedies,
]


@pytest.mark.parametrize("check", CHECKS)
def test_compiled_it_keeps_what_every_backend_promises(compiled: TensorFlowBackend, check) -> None:
    check(compiled)


# Without the first one, which takes the eager loop half a minute; both forms share that code.
@pytest.mark.parametrize("check", CHECKS[1:])
def test_eager_it_keeps_what_every_backend_promises(eager: TensorFlowBackend, check) -> None:
    check(eager)


@pytest.mark.parametrize("dialect", ["pytorch", "tensorflow"])
def test_the_chapters_twenty_epochs_learn(compiled: TensorFlowBackend, dialect: str) -> None:
    config = TrainingConfig.parse({"dialect": dialect})
    trained = compiled.train(config, [0, 1])
    target = config.target.gaussian().law
    start, end = (kl(trained.law(epoch), target) for epoch in (0, -1))
    assert (start > 1).all()
    assert (end < 1).all()


def global_states() -> tuple[Any, str]:
    return random.getstate(), repr(np.random.get_state())  # noqa: NPY002


def test_training_neither_reads_nor_moves_a_global_random_state(eager: TensorFlowBackend) -> None:
    config = TrainingConfig(epochs=1, n_examples=16)
    tf.random.set_seed(1)
    expected = tf.random.normal((3,)).numpy()
    trained = []
    for seed in (2, 1):
        tf.random.set_seed(seed)
        before = global_states()
        trained.append(eager.train(config, [0]))
        assert global_states() == before
    contract.same(*trained)
    np.testing.assert_array_equal(tf.random.normal((3,)).numpy(), expected)


TRAIN = """
import gan_eval.training.backends.tensorflow as module
from gan_eval.training.config import TrainingConfig
for form in ("", "eager"):
    module.TensorFlowBackend(form).train(TrainingConfig(epochs=1, n_examples=8), [0])
threading = module.tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
"""


def fresh_python(script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a script where TensorFlow has not started and nothing was set for it."""
    theirs = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND")
    environment = {k: v for k, v in os.environ.items() if k not in theirs} | settings
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_starts_quietly_with_the_threads_that_are_allowed() -> None:
    ran = fresh_python(TRAIN, GAN_EVAL_THREADS="2")
    assert (ran.stdout, ran.stderr) == ("2 2\n", "")


def test_keras_on_another_framework_is_told() -> None:
    ran = fresh_python(
        "from gan_eval.training.backends import backends\n"
        "print(*(f.remedy for f in backends() if f.name == 'tensorflow'))",
        KERAS_BACKEND="torch",
    )
    assert "Keras runs on torch in this process: set KERAS_BACKEND=tensorflow" in ran.stdout


@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="no GPU on this machine")
@pytest.mark.parametrize("form", ["", "eager"])
def test_cuda_agrees_with_the_arbiter(form: str) -> None:
    contract.agrees_with_the_arbiter(TensorFlowBackend(form), "chapter", "cuda")


def test_the_registry_finds_both_forms() -> None:
    for name in ("tensorflow", "tensorflow:eager"):
        found = backend(name)
        assert isinstance(found, TensorFlowBackend)
        assert found.name == name
