"""``gan-eval train``: train one configuration, judge it, print or draw it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from gan_eval.cli.app import (
    AsJson,
    Assignments,
    BackendName,
    Config,
    Device,
    Replicates,
    Seed,
    ThreadsOrAll,
    option,
    seed_range,
)
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.training.trained import TrainedGANs

TESTED = 30
"""Replicates that get the two-sample tests where their p-values are shown; a test takes a hundred
times as long as the rest of a row."""
COMPUTED = 30
"""Replicates without a closed form of which KL and the masses of modes are computed; it takes up to
some seconds each."""


def train(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "pytorch",
    device: Device = None,
    seed: Seed = 0,
    replicates: Replicates = 1,
    threads: ThreadsOrAll = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        option(
            "--plot FILE",
            "Write a picture (.png, .svg): what was learned over the truth, the losses, and KL "
            "beside them. Or the training as a film (.gif, .mp4, .html). Of several seeds how "
            "they spread, and the median one.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        option(
            "--data FILE",
            "Train on a part of this table, of numbers, and judge by the rest. Goes without "
            "`--backend`, `--device` and `--plot`.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        option(
            "--columns NAMES",
            "Of `--data`: the columns to take, with commas between. May be given many times, "
            "and then a name may hold commas.",
            "all",
        ),
    ] = None,
    holdout: Annotated[
        float | None,
        option(
            "--holdout SHARE",
            "Of `--data`: the share of the rows that is held out, to judge by.",
            "0.3",
        ),
    ] = None,
) -> None:
    """Train the chapter's GAN and hold it against the truth.

    One configuration, from one or more seeds. It writes nothing unless --plot
    is given.

    \b
    Example:
      gan-eval train --set learning_rate_D=0.02 --replicates 4 --plot gan.png
    """
    if data is None:
        if columns is not None or holdout is not None:
            raise UsageError("`--columns` and `--holdout` go with `--data`")
    else:
        if (backend, device, plot) != ("pytorch", None, None):
            raise UsageError(
                "`--data` is trained on by the chapter's PyTorch loop on the CPU: it goes without "
                "`--backend`, `--device` and `--plot`"
            )
        _on_data(data, columns, holdout, config, assignments, seed, replicates, threads, as_json)
        return
    from gan_eval.cli.console import print_json
    from gan_eval.judging.judge import judge
    from gan_eval.runtime.threads import allow
    from gan_eval.training import run
    from gan_eval.training.config import TrainingConfig

    seeds = seed_range(seed, replicates)
    settings = TrainingConfig.read(config, assignments or [])
    with allow(threads):
        # No epoch but the last is judged.
        trained = run.train(
            settings, seeds, backend=backend, device=device, every=settings.epochs, plot=plot
        )
        # The p-values are in the document only.
        rows = judge(trained, tested=TESTED if as_json else 0, computed=COMPUTED, sampled=as_json)
    if as_json:
        print_json(document(trained, rows))
    else:
        _print(trained, rows, plot)


def _on_data(
    data: Path,
    columns: list[str] | None,
    holdout: float | None,
    config: Path | None,
    assignments: list[str] | None,
    seed: int,
    replicates: int,
    threads: int | None,
    as_json: bool,
) -> None:
    from gan_eval.cli import train_on_data
    from gan_eval.cli.console import print_json
    from gan_eval.runtime.threads import allow

    fit = train_on_data.settings_of(data, columns, holdout, config, assignments or ())
    with allow(threads):
        rows = train_on_data.judged(fit, seed_range(seed, replicates), tested=TESTED)
    if as_json:
        print_json(train_on_data.document(fit, rows))
    else:
        train_on_data.show(fit, rows)


def document(trained: TrainedGANs, rows: pd.DataFrame) -> dict[str, Any]:
    """Put together the JSON document of ``gan-eval train --json``.

    Per replicate every column of ``judge`` that is not an entry of a matrix, and ``mean`` and
    ``covariance`` as lists. ``examples_per_second`` is the median over replicates by the training
    clock. What is not a finite number is null, as the tests of a replicate beyond the first
    ``TESTED``, and where there is no closed form what is computed of one beyond ``COMPUTED``.
    """
    import numpy as np

    from gan_eval.runtime.documents import json_ready
    from gan_eval.runtime.provenance import environment

    mean, covariance = _learned(trained, rows)
    entries = ("mean_", "covariance_", "weight_")
    columns = map(str, rows.columns)
    named = [c for c in columns if not c.startswith(entries) or c == "covariance_distance"]
    replicates = [
        {name: row[name] for name in named}
        | {"mean": mean[r].tolist(), "covariance": covariance[r].tolist()}
        for r, row in enumerate(rows.to_dict("records"))
    ]
    return json_ready(
        {
            "config": trained.config.model_dump(mode="json"),
            "backend": trained.backend,
            "device": trained.device,
            "replicates": replicates,
            "examples_per_second": float(np.median(trained.examples_per_second)),
            "environment": environment(),
        }
    )


def _learned(trained: TrainedGANs, rows: pd.DataFrame) -> tuple[Any, Any]:
    """The means (R, d) and covariances (R, d, d) that were learned; NaN where those of a generator
    with hidden layers were not computed."""
    import numpy as np

    if not trained.hidden:
        law = trained.law()
        return law.mean, law.covariance
    d = trained.config.dimension
    mean = rows[[f"mean_{i + 1}" for i in range(d)]].to_numpy(dtype=np.float64)
    covariance = np.empty((len(rows), d, d))
    for i, j in np.ndindex(d, d):
        covariance[:, i, j] = rows[f"covariance_{min(i, j) + 1}_{max(i, j) + 1}"]
    return mean, covariance


def _print(trained: TrainedGANs, rows: pd.DataFrame, plot: Path | None) -> None:
    """Print the chapter's line, the learned moments beside the truth, and the verdict; last the
    answer in one sentence."""
    import numpy as np

    from gan_eval.cli.console import print_table, say
    from gan_eval.cli.tables import SHOWN, print_replicates
    from gan_eval.judging.answer import headline
    from gan_eval.judging.causes import sentence
    from gan_eval.judging.summary import quantile

    many = len(rows) > 1
    middle = "mean" if len(rows) == 2 else "median"  # of two they are the same
    label = f" ({middle}s of {len(rows)} trainings)" if many else ""
    say(
        f"loss_D {rows['loss_D'].median():.3f}, loss_G {rows['loss_G'].median():.3f}, "
        f"{float(np.median(trained.examples_per_second)):.1f} examples/sec{label}"
    )
    drawn = trained.chapter_examples_per_second[0]
    if np.isfinite(drawn):
        say(f"by the chapter's clock, drawing included: {drawn:.1f} examples/sec")
    head = ("", "truth", f"learned ({middle})" if many else "learned", "error")
    if not rows["mean_1"].isna().all():
        print_table(head, _moments(trained, rows))
    if many and len(rows) <= SHOWN:
        print_replicates(rows)
    kl, worth, share = (quantile(rows[name], 0.5) for name in ("kl", "worth_kl", "efficiency"))
    if not trained.config.closed_form:
        _print_computed(trained, rows)
        if plot is not None:
            _print_plot(plot)
        say(headline(rows))
        return
    counts = ", ".join(f"{n} {name}" for name, n in rows["verdict"].value_counts().items())
    verdict = counts if many else rows["verdict"].iloc[0]
    margin, near = rows["margin"].iloc[0], rows["near_margin"].iloc[0]
    say(f"KL(q‖p) {kl:.4f} nats (q the learned distribution, p the truth)")
    say(f"worth {worth:.1f} real samples, {share:.2%} of those it saw")
    say(f"verdict: {verdict} (converged ≤ {margin:g} nats, near ≤ {near:g} nats)")
    if many:
        if why := _causes(rows):
            say(f"what is wrong in their worst direction: {why}")
    elif why := sentence(rows.iloc[0].to_dict(), trained.config):
        say(f"why: {why}")
    if plot is not None:
        _print_plot(plot)
    say(headline(rows))


def _causes(rows: pd.DataFrame) -> str:
    wrong = rows.loc[rows["cause"].ne(""), "cause"].value_counts()
    return ", ".join(f"{n} {name}" for name, n in wrong.items())


def _print_plot(plot: Path) -> None:
    from gan_eval.cli.console import say

    what = "picture" if plot.suffix.lower() in (".png", ".svg") else "film"
    say(f"the {what} is in {plot}")


def _print_computed(trained: TrainedGANs, rows: pd.DataFrame) -> None:
    """Print how far trainings without a closed form are from the truth, which modes they have, and
    their verdicts."""
    import numpy as np

    from gan_eval.cli.console import say
    from gan_eval.judging.causes import sentence
    from gan_eval.judging.summary import quantile
    from gan_eval.pages.numbers import number, percent

    many = len(rows) > 1

    def typical(name: str) -> float:
        known = rows[name].dropna() if name in rows else rows.iloc[:0]
        return float(quantile(known, 0.5)) if len(known) else np.nan

    if not np.isnan(kl := typical("kl")):
        some = f", of {rows['kl'].notna().sum()} of them" if rows["kl"].isna().any() else ""
        say(
            f"KL(q‖p) {number(kl)} nats{some} (q the learned distribution, p the truth), "
            f"total variation {number(typical('total_variation'))}, computed with an error of at "
            f"most {rows['computed_error'].max():.0e}"
        )
        lost, lines = typical("uncovered_mass"), typical("singular_mass")
        if lost > 0:
            say(f"{percent(lost)} of the truth lies where nothing can be generated")
        if lines > 0:
            say(f"{percent(lines)} of the generated points lie on lines or points")
    modes = len(getattr(trained.config.target.build(), "modes", None) or ())
    if modes > 1:
        names, by = ("modes_found", "high_quality_mass"), ""
        if np.isnan(typical("modes_found")):
            names, by = ("modes_kept", "high_quality_share"), ", counted on generated points"
        found, near = (typical(name) for name in names)
        say(
            f"modes found{by}: {found:g} of {modes}; {percent(near)} of the generated points are "
            "within 3 standard deviations of one"
        )
    low, high = (typical(f"worth_energy_{end}") for end in ("low", "high"))
    interval = "" if many else f" ({number(low)} to {number(high)})"
    say(f"worth {number(typical('worth_energy'))} real samples by energy distance{interval}")
    counts = ", ".join(f"{n} {name}" for name, n in rows["verdict"].value_counts().items())
    margin, near = rows["margin"].iloc[0], rows["near_margin"].iloc[0]
    verdict = counts if many else rows["verdict"].iloc[0]
    say(f"verdict: {verdict} (converged ≥ {margin:g} real samples, near ≥ {near:g})")
    if many and modes > 1 and (wrong := _causes(rows)):
        say(f"what is wrong with their modes: {wrong}")
    elif not many and (wrong := sentence(rows.iloc[0].to_dict(), trained.config)):
        say(f"why: {wrong}")
    if why := "; ".join(dict.fromkeys(filter(None, rows["not_measured"]))):
        say(f"not measured: {why}")


def _moments(trained: TrainedGANs, rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield each entry of b and AᵀA, and beside it the learned one or the median over
    replicates."""
    import numpy as np

    truth = trained.config.target.build()
    for name, target in (("mean", truth.mean), ("covariance", truth.covariance)):
        for index in np.ndindex(target.shape):
            if list(index) == sorted(index):
                places = [str(i + 1) for i in index]
                learned, true = rows["_".join((name, *places))].median(), target[index]
                error, true = learned - true, round(float(true), 4) + 0.0  # no −0.0000
                yield f"{name} {','.join(places)}", f"{true:.4f}", f"{learned:.4f}", f"{error:+.4f}"
