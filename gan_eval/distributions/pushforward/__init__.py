"""The law of what a generator with hidden layers makes of normal noise, computed, not sampled."""

from gan_eval.distributions.pushforward.measures import ComputedMeasures
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.distributions.pushforward.together import measures_of

__all__ = ["ComputedMeasures", "Pushforward", "measures_of"]
