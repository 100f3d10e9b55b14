"""The law of what a generator with hidden layers makes of normal noise, computed, not sampled."""

from gan_eval.distributions.pushforward.measures import ComputedMeasures
from gan_eval.distributions.pushforward.pushforward import Pushforward

__all__ = ["ComputedMeasures", "Pushforward"]
