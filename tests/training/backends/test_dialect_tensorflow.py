"""What the chapter's TensorFlow tab does, seen in Keras itself: the evidence for the dialect.

Our backend has no part in this. Layers, loss and optimizer are those of the tab, called as it
calls them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = tf.keras

CONFIGURED = 0.02


def tab_discriminator() -> Any:
    # Keras 3 asks for an Input layer instead; the shape builds the net all the same.
    with pytest.warns(UserWarning, match="input_shape"):
        first = keras.layers.Dense(5, activation="tanh", input_shape=(2,))
    return keras.Sequential(
        [first, keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)]
    )


def tab_init_loop(net: Any) -> int:
    """N(0, 0.02) to whatever trainable variables the net has by now; returns how many."""
    for variable in net.trainable_variables:
        variable.assign(tf.random.normal(variable.shape, 0, CONFIGURED))
    return len(net.trainable_variables)


@pytest.mark.parametrize(
    "generator",
    [
        pytest.param(lambda: keras.layers.Dense(2), id="bare layer, as in the tab"),
        pytest.param(lambda: keras.Sequential([keras.layers.Dense(2)]), id="Sequential"),
    ],
)
def test_the_init_loop_does_not_reach_the_generator(generator) -> None:
    """Fails by chance once in 10¹⁸ runs: 400 uniform numbers, none in the outer tenth."""
    limit = np.sqrt(6 / (2 + 2))
    kernels = []
    for _ in range(100):
        net = generator()
        assert tab_init_loop(net) == 0
        net(tf.zeros((8, 2)))
        kernel, bias = net.trainable_variables
        np.testing.assert_array_equal(bias.numpy(), 0)
        kernels.append(kernel.numpy())
    assert np.abs(kernels).max() <= limit
    assert np.abs(kernels).max() > 0.9 * limit


def test_the_init_loop_reaches_the_discriminators_weights_and_biases() -> None:
    """Fails by chance once in 10¹³ runs: 37 normal numbers, one beyond 8 standard deviations."""
    net = tab_discriminator()
    assert tab_init_loop(net) == 6
    values = np.concatenate([v.numpy().reshape(-1) for v in net.trainable_variables])
    assert values.size == 37
    assert (values != 0).all()
    assert np.abs(values).max() < 8 * CONFIGURED


def test_the_gradient_is_the_sum_because_the_tab_multiplies_by_the_batch_size() -> None:
    """Keras averages over the last axis before it reduces. The tab squeezes the logits to one
    axis, so "sum" adds up a single mean, and the factor makes it the sum over the rows."""
    batch_size = 8
    logits = tf.Variable(np.linspace(-2, 3, batch_size)[:, None], dtype="float32")
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    with tf.GradientTape(persistent=True) as tape:
        plain = loss(tf.ones((batch_size,)), tf.squeeze(logits))
        tab = plain * batch_size
    each = -1 / (1 + np.exp(logits.numpy()))
    np.testing.assert_allclose(tape.gradient(tab, logits), each, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(plain, logits), each / batch_size, rtol=1e-5)


def test_on_logits_with_a_column_the_reduction_alone_sums() -> None:
    logits = tf.Variable(np.linspace(-2, 3, 8)[:, None], dtype="float32")
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    with tf.GradientTape() as tape:
        total = loss(tf.ones((8, 1)), logits)
    each = -1 / (1 + np.exp(logits.numpy()))
    np.testing.assert_allclose(tape.gradient(total, logits), each, rtol=1e-5)


def test_adams_epsilon_is_1e_7_beside_the_root_before_bias_correction() -> None:
    """At a gradient as small as ε the two forms differ sixteenfold in the first step."""
    adam = keras.optimizers.Adam(learning_rate=0.05)
    gradient, epsilon, root = 1e-7, 1e-7, np.sqrt(1 - 0.999)
    variable = tf.Variable(0.0)
    adam.apply_gradients([(tf.constant(gradient), variable)])
    hat = 0.05 * root * gradient / (root * gradient + epsilon)
    after_correction = 0.05 * gradient / (gradient + epsilon)
    assert after_correction / hat > 16
    np.testing.assert_allclose(-variable.numpy(), hat, rtol=1e-4)
