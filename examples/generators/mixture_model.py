"""A mixture of Gaussians, by scikit-learn."""

from sklearn.mixture import GaussianMixture


class MixtureModel:
    """A mixture of Gaussians with full covariances, fitted by expectation–maximisation."""

    def __init__(self, components=8, starts=5, ridge=1e-6):
        self.components, self.starts, self.ridge = components, starts, ridge

    def fit(self, rows, rng):
        """Find the likeliest mixture for rows (n, d), the best of several starts."""
        self.model = GaussianMixture(
            self.components,
            n_init=self.starts,
            reg_covar=self.ridge,
            random_state=int(rng.integers(2**31)),
        ).fit(rows)
        return self

    def sample(self, n, rng):
        """Draw n rows, in no order: scikit-learn gives them sorted by component.

        And it gives the same ones at each call, unless its ``random_state`` is set anew.
        """
        self.model.random_state = int(rng.integers(2**31))
        return rng.permutation(self.model.sample(n)[0])

    def log_density(self, x):
        """Compute ln q, in nats, at rows x (n, d)."""
        return self.model.score_samples(x)
