"""Generators from outside: anyone's class, fitted to rows by seeds, and the baselines beside it."""

from gan_eval.training.generators.protocol import Generator, Sampler
from gan_eval.training.generators.settings import FitConfig, GeneratorConfig

__all__ = ["FitConfig", "Generator", "GeneratorConfig", "Sampler"]
