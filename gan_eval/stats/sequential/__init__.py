"""Tests that may be looked at after every row, and keep their level: e-processes.

An *e-process* is the capital of somebody who bets against the hypothesis, one row after the other,
at fair odds, starting with 1. Where the hypothesis is true, the chance that the capital *ever*
reaches 1/α is at most α (Ville 1939). So one may look after every row, stop when one likes, and go
on later.
"""

from __future__ import annotations

from gan_eval.stats.sequential.binomial import BinomialEProcess
from gan_eval.stats.sequential.likelihood import LikelihoodEProcess
from gan_eval.stats.sequential.process import EProcess, State
from gan_eval.stats.sequential.witness import WitnessEProcess

__all__ = ["BinomialEProcess", "EProcess", "LikelihoodEProcess", "State", "WitnessEProcess"]
