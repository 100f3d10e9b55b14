"""``gan-eval``: parse, call, print. What is heavy is imported inside the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gan_eval.errors import UsageError

app = typer.Typer(
    name="gan-eval",
    help="Did this GAN learn the distribution, how sure are we, and how fast does it train?",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML file of a configuration."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set one hyper-parameter; may be given many times."
    ),
]
BackendName = Annotated[str, typer.Option("--backend", help="Who trains: see `gan-eval backends`.")]
Device = Annotated[str, typer.Option("--device", help="Where: cpu, cuda or cuda:1.")]
Seed = Annotated[int, typer.Option("--seed", help="The first seed, from 0.")]
Replicates = Annotated[int, typer.Option("--replicates", help="How many seeds, from 1.")]
Threads = Annotated[int, typer.Option("--threads", help="CPU threads that one training may use.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on stdout.")
]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from gan_eval import __version__

        print(f"gan-eval {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def train(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "pytorch",
    device: Device = "cpu",
    seed: Seed = 0,
    replicates: Replicates = 1,
    threads: Threads = 1,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Write the chapter's two pictures, as .png or .svg."
        ),
    ] = None,
) -> None:
    """Train the chapter's GAN and hold what it learned against the truth.

    Example: gan-eval train --set learning_rate_D=0.02 --replicates 4 --plot gan.png
    """
    from gan_eval import console, training
    from gan_eval.config import TrainingConfig
    from gan_eval.threads import allow

    seeds = training.seed_range(seed, replicates)
    settings = TrainingConfig.read(config, assignments or [])
    with allow(threads):
        outcome = training.train(settings, backend, device, seeds, plot)
        document = outcome.document()
    if as_json:
        console.print_json(document)
    else:
        console.print_training(outcome)


@app.command()
def run(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY.toml]", help="The study; the main job if none.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where results go; reports/<name> if not given."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set one key of the study, as replicates=8 or config.epochs=40; may be repeated.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes side by side; one a core if not given."),
    ] = None,
    threads: Threads = 1,
) -> None:
    """Run a study (without a file, the main job) and write its rows and its HTML report.

    Example: gan-eval run --set replicates=100 --set time_budget=300 --out reports/hundred
    """
    import shlex

    from gan_eval import console
    from gan_eval.config import Study
    from gan_eval.output import OutputFolder
    from gan_eval.study import run as run_study

    if workers is not None and workers < 1:
        raise UsageError(f"`--workers` must be at least 1, got {workers}")
    if threads < 1:
        raise UsageError(f"`--threads` must be at least 1, got {threads}")
    settings = Study.read(study, assignments or [])
    folder = OutputFolder.prepare(out, settings.name)
    command = shlex.join(["gan-eval", *(sys.argv[1:])])
    with console.study_progress() as show:
        results = run_study(
            settings, workers=workers, threads=threads, command=command, on_progress=show
        )
    if len(results.rows):
        folder.save(results)
    console.print_run(results, folder.path)
    if results.provenance["interrupted"]:
        raise typer.Exit(130)
    print(f"Report: {folder.report(results)}")
    raise typer.Exit(1 if results.provenance["failures"] else 0)


@app.command()
def check(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "pytorch",
    device: Device = "cpu",
    seed: Seed = 0,
    replicates: Replicates = 8,
    threads: Threads = 1,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows", metavar="FILE", help="Check a rows.csv of a run instead of training."
        ),
    ] = None,
    share: Annotated[
        float, typer.Option("--share", help="The share of replicates that must converge, 0 … 1.")
    ] = 0.5,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="The KL(q‖p), in nats, up to which one has converged."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            "--confidence",
            help="Ask it of the lower confidence bound of the share, as 0.95.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print verdicts and exit 0 when enough replicates converged, 1 when not, 2 on misuse.

    Example: gan-eval check --replicates 20 --share 0.3 --margin 0.1
    """
    from gan_eval import console, training
    from gan_eval.acceptance import Demand, answer
    from gan_eval.config import Margins, TrainingConfig
    from gan_eval.results import read_rows
    from gan_eval.threads import allow

    how_to_train = (config, assignments or None, backend, device, seed, replicates, threads)
    if rows is not None and how_to_train != (None, None, "pytorch", "cpu", 0, 8, 1):
        raise UsageError("`--rows` reads what was trained: it goes without options of training")
    demand = Demand(share, Margins().converged if margin is None else margin, confidence)
    if rows is None:
        seeds = training.seed_range(seed, replicates)
        settings = TrainingConfig.read(config, assignments or [])
        with allow(threads):
            frame = training.train(settings, backend, device, seeds).rows
    else:
        frame = read_rows(rows)
    outcome = answer(frame, demand)
    if as_json:
        console.print_json(outcome.document())
    else:
        console.print_check(frame, outcome)
    raise typer.Exit(0 if outcome.passed else 1)


@app.command()
def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Folders that `run` wrote.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where several runs are put together."),
    ] = None,
) -> None:
    """Rebuild report.html from the rows in a folder, or put several runs together into one.

    Example: gan-eval report reports/jax reports/mxnet --out reports/both
    """
    from gan_eval.merging import merge
    from gan_eval.output import OutputFolder
    from gan_eval.results import Results

    if out is None and len(folders) > 1:
        raise UsageError("several folders are put together into a new one: name it with `--out`")
    runs = [Results.load(folder) for folder in folders]
    if out is None:
        print(f"Report: {OutputFolder.prepare(folders[0], '').report(runs[0])}")
        return
    target = OutputFolder.prepare(out, "")
    merged = merge(runs)
    target.save(merged.results)
    if merged.left_out:
        print(f"Left out: {merged.left_out} replicates that an earlier folder has as well")
    print(f"Report: {target.report(merged.results)}")


@app.command()
def compare(
    real: Annotated[
        Path,
        typer.Argument(metavar="REAL", help="A table: .csv, .tsv, .parquet, .npy or .npz."),
    ],
    fake: Annotated[
        Path, typer.Argument(metavar="FAKE", help="The other table, with the same columns.")
    ],
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B,…", help="Compare these columns; all if not given."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", help="Draw N rows of each file, by the seed."),
    ] = None,
    tests: Annotated[
        str | None,
        typer.Option("--tests", metavar="A,B,…", help="Run these tests; the battery if not given."),
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", help="The level of all tests together, 0 … 1.")
    ] = 0.05,
    correction: Annotated[
        str, typer.Option("--correction", help="holm or benjamini-hochberg.")
    ] = "holm",
    permutations: Annotated[
        int, typer.Option("--permutations", help="Permutations of each test.")
    ] = 999,
    seed: Annotated[int, typer.Option("--seed", help="Of draw, permutations and bootstrap.")] = 0,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with tables and pictures."),
    ] = None,
) -> None:
    """Compare two tables; exit 0 when they are not told apart, 1 when they are, 2 on trouble.

    Example: gan-eval compare real.csv generated.csv --columns height,weight --html page.html
    """
    from gan_eval import console
    from gan_eval.compare import compare as compare_files
    from gan_eval.compare import text
    from gan_eval.output import check_writable

    if html is not None:
        check_writable(html)
    found = compare_files(
        real,
        fake,
        columns=None if columns is None else [name.strip() for name in columns.split(",")],
        sample=sample,
        tests=None if tests is None else [name.strip() for name in tests.split(",")],
        alpha=alpha,
        correction=correction,
        permutations=permutations,
        seed=seed,
    )
    if html is not None:
        from gan_eval.compare.page import render
        from gan_eval.report.page import write_page

        write_page(render(found), html)
    if as_json:
        console.print_json(found.document())
    else:
        text.print_comparison(found)
    raise typer.Exit(1 if found.told_apart else 0)


@app.command()
def certify(
    tests: Annotated[
        str | None,
        typer.Option(
            "--tests",
            metavar="A,B,…",
            help="Certify these tests; judge's own if not given; all.",
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", help="Real rows; if not given, 200 against 200 and 20 against 500."),
    ] = None,
    m: Annotated[int | None, typer.Option("--m", help="Generated rows; as many if not given.")] = (
        None
    ),
    dimension: Annotated[
        list[int] | None,
        typer.Option("--dimension", help="Columns; may be repeated; 1, 2 and 10 if not given."),
    ] = None,
    repetitions: Annotated[
        int, typer.Option("--repetitions", help="Of each null case, from 100; a tenth for power.")
    ] = 2000,
    alpha: Annotated[
        list[float] | None,
        typer.Option("--alpha", help="Level; may be repeated; 0.01, 0.05 and 0.1 if not given."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="All random numbers follow from it.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the certificate as JSON.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML page.")
    ] = None,
    as_json: AsJson = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes side by side; one a core if not given."),
    ] = None,
) -> None:
    """Measure tests: size, uniform p-values, power, closed forms. Exit 1 where a claim fails.

    Example: gan-eval certify --tests mmd,energy --n 50 --dimension 2 --repetitions 200
    """
    import shlex

    from gan_eval.certify import printing
    from gan_eval.certify.run import certify as measure
    from gan_eval.certify.run import named
    from gan_eval.certify.settings import Settings
    from gan_eval.output import check_writable
    from gan_eval.report.page import write_page

    if workers is not None and workers < 1:
        raise UsageError(f"`--workers` must be at least 1, got {workers}")
    settings = Settings.of(n, m, dimension or (), repetitions, alpha or (), seed)
    for path in filter(None, (out, html)):
        check_writable(path)
    command = shlex.join(["gan-eval", *sys.argv[1:]])
    with printing.certify_progress() as show:
        certificate = measure(
            named(tests), settings, workers=workers, command=command, on_progress=show
        )
    if out is not None:
        write_page(certificate.to_json(), out)
    if html is not None:
        printing.write_certificate_page(certificate, html)
    if as_json:
        print(certificate.to_json(), end="")
    else:
        printing.print_certificate(certificate)
    raise typer.Exit(0 if certificate.kept else 1)


@app.command()
def conform(
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", metavar="A,B,…", help="Compare these; all installed ones if not given."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Replicates a backend in distribution, from 20.")
    ] = 200,
    threads: Threads = 1,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes side by side; one a core if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Are the backends the same experiment? Exit 0 if every pair agrees, 1 if not, 2 on misuse.

    Example: gan-eval conform --backend pytorch,pytorch:batched --seeds 400
    """
    import shlex

    from gan_eval import console
    from gan_eval.conformance import conform as compare_backends
    from gan_eval.conformance import printing

    with printing.conform_progress() as show:
        found = compare_backends(
            None if backend is None else [name.strip() for name in backend.split(",")],
            seeds=seeds,
            threads=threads,
            workers=workers,
            command=shlex.join(["gan-eval", *sys.argv[1:]]),
            on_progress=show,
        )
    if as_json:
        console.print_json(found.document())
    else:
        printing.print_conformance(found)
    raise typer.Exit(0 if found.kept else 1)


@app.command()
def backends(as_json: AsJson = False) -> None:
    """List the backends: installed or not, their devices, and how to install what is missing.

    Example: gan-eval backends --json
    """
    from dataclasses import asdict

    from gan_eval import console
    from gan_eval.backends import catalogue

    found = catalogue()
    if as_json:
        console.print_json({"backends": [asdict(entry) for entry in found]})
    else:
        console.print_backends(found)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script: status 0, 1 for "no", 2 for misuse, 130 for Ctrl-C; no traceback."""
    sys.exit(_status(arguments))


def _status(arguments: list[str] | None) -> int:
    # Every fault that Typer finds in the command line derives from this class; it is found
    # through a public descendant because its home moved between Typer's releases.
    misuse: Any = typer.BadParameter.__mro__[2]
    try:
        return int(app(args=arguments, prog_name="gan-eval", standalone_mode=False) or 0)
    except typer.Exit as exit_:
        return exit_.exit_code
    except misuse as error:
        return _refuse(error.format_message())
    except UsageError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("this asks for more memory than the machine has")
    except (KeyboardInterrupt, typer.Abort):
        print("gan-eval: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; there is no one left to tell.
        sys.stdout = None
        return 1


def _refuse(sentence: str) -> int:
    print(f"gan-eval: {' '.join(sentence.split())}", file=sys.stderr)
    return 2
