"""What the chapter's MXNet tab does, asked of MXNet itself: the evidence for ``dialect="mxnet"``.

Everything here is stock Gluon. The backend's file serves to import MXNet, and stands for the
dialect in the last test alone.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.rows import training_rows
from gan_eval.training.trained import initial_layers

if importlib.util.find_spec("mxnet") is None:
    pytest.skip("MXNet is not installed", allow_module_level=True)

from gan_eval.training.backends.mxnet import MXNetBackend, array, mx

autograd, gluon, nd, nn = mx.autograd, mx.gluon, mx.nd, mx.gluon.nn


def start(*widths: int) -> Any:
    """A net whose layers learn their inputs at the first batch, with the tab's start."""
    net = nn.Sequential()
    for width in widths:
        net.add(nn.Dense(width))
    net.initialize(init=mx.init.Normal(0.02), force_reinit=True)
    return net


@pytest.mark.statistical
def test_weights_start_normal_and_biases_at_zero() -> None:
    mx.random.seed(0)
    net = start(500, 3)
    net(nd.ones((1, 200)))  # the layers fill themselves here, after the tab's initialize
    for dense in net:
        np.testing.assert_array_equal(dense.bias.data().asnumpy(), 0)
    weights = net[0].weight.data().asnumpy()
    # 100,000 weights: the standard deviation is known to 0.22 %, the fourth moment to 3.1 %; both
    # bounds are 6 standard errors wide (an error in 10⁸). MXNet's default is uniform on ±0.07.
    np.testing.assert_allclose(weights.std(), 0.02, rtol=0.0134)
    np.testing.assert_allclose((weights**4).mean(), 3 * 0.02**4, rtol=0.062)


def test_the_loss_is_one_an_example_and_backward_sums_it() -> None:
    net, loss = start(1), gluon.loss.SigmoidBinaryCrossEntropyLoss()
    X, ones = array(np.linspace(-1, 2, 10).reshape(5, 2)), nd.ones((5,))
    net(X)
    net[0].weight.set_data(array(np.array([[0.3, -0.7]])))
    with autograd.record():
        found = loss(net(X), ones)
    found.backward()
    logits = X.asnumpy() @ [0.3, -0.7]
    assert found.shape == (5,)
    np.testing.assert_allclose(found.asnumpy(), np.logaddexp(0, -logits), rtol=1e-5)
    summed = -(1 / (1 + np.exp(logits))) @ X.asnumpy()
    np.testing.assert_allclose(net[0].weight.grad().asnumpy()[0], summed, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [8, 5])
def test_step_divides_the_summed_gradient_by_its_argument(batch_size: int) -> None:
    # The tab hands over X.shape[0], the size of the batch at hand: a smaller last batch has a mean
    # of its own.
    net = start(1)
    X = array(np.arange(batch_size, dtype=float)[:, None] + 1)
    net(X)
    net[0].weight.set_data(nd.zeros((1, 1)))
    descent = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    with autograd.record():
        out = net(X)
    out.backward()
    descent.step(X.shape[0])
    np.testing.assert_allclose(net[0].weight.data().asscalar(), -X.asnumpy().mean(), rtol=1e-6)


def test_adam_has_the_defaults_of_the_dialect() -> None:
    adam, config = mx.optimizer.create("adam"), TrainingConfig(dialect="mxnet")
    assert (adam.beta1, adam.beta2) == (config.adam_beta1, config.adam_beta2) == (0.9, 0.999)
    assert adam.epsilon == config.adam_epsilon == 1e-8


def test_adams_epsilon_stands_before_the_bias_correction() -> None:
    # A constant gradient g = ε: both corrected moments are exactly g and g², so a step is
    # rate · g / (g + ε) = rate / 2 with ε beside √v̂, and far less with ε beside √v.
    g = epsilon = 1e-8
    adam = mx.optimizer.create("adam", learning_rate=1.0)
    state = adam.create_state(0, nd.zeros(1))
    for t in (1, 2, 3):
        weight = nd.zeros(1)
        adam.update(0, weight, nd.full(1, g), state)
        hat = g / (g + epsilon / np.sqrt(1 - 0.999**t))
        np.testing.assert_allclose(-weight.asscalar(), hat, rtol=1e-4)
        assert hat < 0.06


def test_the_fused_adam_rounds_its_scalars_to_float32() -> None:
    """Why the backend writes Adam out in float64."""
    adam = mx.optimizer.create("adam", learning_rate=0.05)
    weight = nd.zeros(1, dtype="float64")
    state = adam.create_state(0, weight)
    adam.update(0, weight, nd.ones(1, dtype="float64"), state)
    error = abs(state[0].asscalar() / (1 - 0.9) - 1)
    assert 1e-9 < error < 1e-6


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_the_loss_has_a_wrong_gradient_at_a_logit_of_exactly_zero(label: float) -> None:
    """Why the backend refuses a start with such logits: −label, where ½ − label is right."""
    logits = array(np.array([[0.0], [1e-9]]), dtype="float64")
    logits.attach_grad()
    with autograd.record():
        found = gluon.loss.SigmoidBinaryCrossEntropyLoss()(
            logits, nd.full(2, label, dtype="float64")
        )
    found.backward()
    at_zero, beside = logits.grad.asnumpy()[:, 0]
    assert at_zero == -label
    np.testing.assert_allclose(beside, 0.5 - label, rtol=1e-6)


def test_the_dialect_is_stock_gluon_bit_for_bit() -> None:
    config = TrainingConfig(dialect="mxnet", epochs=2, n_examples=60, batch_size=7)
    generator, discriminator = initial_layers(config, 3)
    net_G = nn.Sequential()
    net_G.add(nn.Dense(2))
    net_D = nn.Sequential()
    net_D.add(nn.Dense(5, activation="tanh"), nn.Dense(3, activation="tanh"), nn.Dense(1))
    for net, layers in ((net_G, generator), (net_D, discriminator)):
        net.initialize()
        net(nd.ones((1, 2)))
        for dense, (weight, bias) in zip(net, layers, strict=True):
            assert not bias.any()
            dense.weight.set_data(array(weight.T))
    loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    trainer_D = gluon.Trainer(net_D.collect_params(), "adam", {"learning_rate": 0.05})
    trainer_G = gluon.Trainer(net_G.collect_params(), "adam", {"learning_rate": 0.005})
    rows = training_rows(config, 3)
    for epoch in range(2):
        order = draws.epoch_order(3, epoch, 60)
        noise = draws.latent_noise(3, epoch, 60, 2)
        for at in range(0, 60, 7):
            X, Z = array(rows[order][at : at + 7]), array(noise[at : at + 7])
            n = X.shape[0]
            with autograd.record():
                real, fake = net_D(X), net_D(net_G(Z).detach())
                loss_D = (loss(real, nd.ones(n)) + loss(fake, nd.zeros(n))) / 2
            loss_D.backward()
            trainer_D.step(n)
            with autograd.record():
                loss_G = loss(net_D(net_G(Z)), nd.ones(n))
            loss_G.backward()
            trainer_G.step(n)

    trained = MXNetBackend().train(config, [3])
    np.testing.assert_array_equal(trained.weights[0, -1], net_G[0].weight.data().asnumpy().T)
    np.testing.assert_array_equal(trained.biases[0, -1], net_G[0].bias.data().asnumpy())
    for layer, dense in zip(trained.discriminator, net_D, strict=True):
        np.testing.assert_array_equal(layer.weight[0], dense.weight.data().asnumpy().T)
        np.testing.assert_array_equal(layer.bias[0], dense.bias.data().asnumpy())
