"""The discriminators of a training after each epoch, which its result has only the last of."""

from __future__ import annotations

import numpy as np

from gan_eval.training.draws import Layer
from gan_eval.training.trained import EpochEnd


class Recording:
    """An ``on_epoch`` that keeps the discriminator of one seed after each epoch.

    Parameters
    ----------
    seed : int
        Epoch ends of other seeds are passed over.

    Attributes
    ----------
    discriminators : list of list of Layer
        One per epoch so far, of one replicate; empty where the backend does not tell them.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.discriminators: list[list[Layer]] = []

    def __call__(self, end: EpochEnd) -> None:
        """Keep the layers as they are at an epoch's end."""
        found = np.flatnonzero(end.seeds == self.seed)
        if found.size and end.discriminator is not None:
            r = slice(found[0], found[0] + 1)
            # Copied: a backend may hand over a view of what goes on changing.
            self.discriminators.append(
                [Layer(*(np.array(part[r]) for part in layer)) for layer in end.discriminator()]
            )
