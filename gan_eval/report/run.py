"""A study from its settings to its folder: trained, judged, stored, and reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gan_eval.report.page import write
from gan_eval.runtime.arguments import instance_of, path_of
from gan_eval.runtime.pool import Progress
from gan_eval.study.plan.study import Study
from gan_eval.study.results.results import REPORT, OutputFolder, Results
from gan_eval.study.run import execute


def run(
    study: Study | None = None,
    *,
    folder: str | Path | None = None,
    workers: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    fresh: bool = False,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Results:
    """Run a study and write its rows and its HTML report into a folder, as ``gan-eval run`` does.

    Replicates that the folder's ledger holds already are not trained again.

    Parameters
    ----------
    study : Study, optional
        By default the main job, ``Study()``.
    folder : path, optional
        Receives ``ledger.sqlite``, ``rows.csv``, ``epochs.csv``, ``study.json`` and
        ``report.html``; by default ``reports/<name of the study>``.
    workers : int, optional
        Processes that train side by side; by default one per ``threads`` cores. A script that
        calls this needs Python's usual ``if __name__ == "__main__":`` guard, unless ``workers`` is
        1: then everything runs in this process.
    threads : int
        CPU threads that each process may use.
    scheduler : str, optional
        The address of a Dask scheduler, as ``"tcp://host:8786"``, whose workers train; goes
        without ``workers``.
    fresh : bool
        Begin anew: files of earlier runs are moved into a folder ``earlier-1`` … of the folder.
    command : str
        The command to print in the report as the way to reproduce it.
    on_progress : callable, optional
        Called with a ``Progress`` when a unit of work has ended.
    on_note : callable, optional
        Called with a sentence where something happened to the files of earlier runs.

    Returns
    -------
    Results
        Sorted by configuration, backend, device and seed. After Ctrl-C with
        ``provenance["interrupted"]`` true: the rows are stored, and no report is written.

    Raises
    ------
    UsageError
        Before any work where the folder cannot be used, and as ``study.run.execute.run``.

    Examples
    --------
    >>> import tempfile
    >>> import gan_eval as ge
    >>> from gan_eval.report.run import run
    >>> study = ge.Study(
    ...     backends=["fused_cpu"], replicates=2, permutations=0, config={"epochs": 1}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run(study, folder=folder, workers=1)
    ...     files = sorted(path.name for path in Path(folder).iterdir())
    >>> results.rows["seed"].tolist()
    [0, 1]
    >>> files
    ['epochs.csv', 'ledger.sqlite', 'report.html', 'rows.csv', 'study.json']
    """
    study = Study() if study is None else study
    instance_of(study, "study", Study)
    tell = on_note or (lambda _: None)
    output = OutputFolder.prepare(None if folder is None else path_of(folder, "folder"), study.name)
    if not fresh and (mended := output.check_ledger()) is not None:
        tell(mended)

    def set_aside() -> None:
        if (moved := output.set_aside(everything=fresh)) is not None:
            tell(f"Set aside: {moved}")

    results = execute.run(
        study,
        store=output.ledger,
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        command=command,
        on_begin=set_aside,
        on_progress=on_progress,
    )
    for note in results.provenance.get("notes", ()):
        tell(note)
    if why := results.provenance.get("in_this_process"):
        tell(f"Fitted in this process alone: {why}")
    if len(results.rows):
        results.save(output.path)
    if not results.provenance["interrupted"]:
        write(results, output.path / REPORT)
    return results
