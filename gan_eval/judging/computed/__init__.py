"""Judging what has no closed form: generators with hidden layers, and mixtures as targets."""
