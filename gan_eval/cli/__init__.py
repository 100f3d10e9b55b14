"""``gan-eval``: parse, call, print. What is heavy is imported inside the commands."""

from gan_eval.cli import (
    comparing,
    exercising,
    proving,
    storing,
    studying,
    timing,
    training,
    verifying,
)
from gan_eval.cli.application import app
from gan_eval.cli.status import main

for _command in (
    *(training.train, training.run, training.check, training.report, verifying.verify),
    *(storing.export,),
    *(comparing.compare, proving.certify, proving.conform, proving.backends),
    *(studying.studies, exercising.exercise, timing.throughput),
):
    app.command()(_command)

__all__ = ["app", "main"]
