"""Keras: a callback whose figures stand in the history, where other callbacks find them."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # or "tensorflow", "jax"

import keras
import numpy as np

import gan_eval as ge


class Follow(keras.callbacks.Callback):
    """Log a generator's rows at the end of each epoch; give it before those that use the logs."""

    def __init__(self, tracker, noise):
        super().__init__()
        self.tracker, self.noise = tracker, noise

    def on_epoch_end(self, epoch, logs=None):
        rows = self.model.predict(self.noise, verbose=0)
        logs.update(self.tracker.log(epoch, rows))


def energy_loss(real, fake):
    """The energy distance of a batch of real rows and one of generated rows."""

    def apart(x, y):
        squares = keras.ops.sum(keras.ops.square(x[:, None] - y[None]), axis=-1)
        return keras.ops.mean(keras.ops.sqrt(squares + 1e-12))

    return 2 * apart(real, fake) - apart(fake, fake)


keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
real = rng.normal(size=(6000, 2)) @ [[1.0, 0.5], [0.0, 0.8]] + [1.0, 2.0]
train, unseen = real[:3000], real[3000:]

generator = keras.Sequential(
    [keras.Input((2,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(2)]
)
generator.compile(optimizer=keras.optimizers.Adam(3e-3), loss=energy_loss)
tracker = ge.Tracker(unseen)
history = generator.fit(
    rng.normal(size=train.shape),
    train,
    batch_size=256,
    epochs=15,
    verbose=0,
    callbacks=[
        Follow(tracker, noise=rng.normal(size=(1000, 2))),
        keras.callbacks.ModelCheckpoint(
            "nearest.keras", monitor="gan_eval/energy_distance", mode="min", save_best_only=True
        ),
    ],
)
print(history.history["gan_eval/worth_energy_low"][-1])
print(tracker.best())
