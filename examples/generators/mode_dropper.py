"""A generator that is right but for one mode, which it never makes."""

import numpy as np


class ModeDropper:
    """The ring of Gaussians itself without some of its modes. It does not learn."""

    def __init__(self, lost=(3,), modes=8, radius=1.0, sd=0.01):
        """Take the numbers of the modes to leave out, from 1 on, and the ring: its modes, its
        radius and the standard deviation of a mode."""
        self.lost, self.modes, self.radius, self.sd = lost, modes, radius, sd

    def fit(self, rows, rng):
        """Look at nothing."""
        return self

    def sample(self, n, rng):
        """Draw n rows of the modes that are left."""
        kept = [k for k in range(self.modes) if k + 1 not in self.lost]
        angle = 2 * np.pi * rng.choice(kept, size=n) / self.modes
        centres = self.radius * np.column_stack([np.cos(angle), np.sin(angle)])
        return centres + self.sd * rng.standard_normal((n, 2))
