"""``gan-eval``: parse, call, print. What is heavy is imported inside the commands."""

from gan_eval.cli import (
    backends,
    certify,
    check,
    compare,
    conform,
    dynamics,
    exercise,
    export,
    lab,
    rank,
    report,
    run,
    studies,
    throughput,
    train,
    verify,
)
from gan_eval.cli.app import app
from gan_eval.cli.status import main

for _command in (
    *(train.train, run.run, check.check, report.report, verify.verify, export.export),
    *(compare.compare, rank.rank, certify.certify, conform.conform, backends.backends),
    *(studies.studies, exercise.exercise, dynamics.dynamics, lab.lab, throughput.throughput),
):
    app.command()(_command)

__all__ = ["app", "main"]
