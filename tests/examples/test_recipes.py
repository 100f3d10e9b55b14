"""The recipes for training loops and loggers: run whole, with the real packages."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import gan_eval

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "recipes"
NEEDS = {
    "pytorch_loop": (),
    "lightning_callback": ("lightning",),
    "lightning_metrics": ("lightning", "torchmetrics"),
    "keras_callback": ("keras",),
    "tensorboard_log": ("tensorboard",),
    "mlflow_log": ("mlflow",),
    "wandb_log": ("wandb",),
}
SAID = {"lightning_metrics": r"^Worth at least \d+ real rows: .*\.ckpt$"}
NEAREST = r"^Nearest of \d+ checkpoints: step \d+, worth "
"""What the others print."""
LOGGED = ("worth_energy", "worth_energy_low", "worth_energy_high", "energy_distance", "mmd2")
SECONDS = 900


def ran(name: str, folder: Path) -> str:
    """Run a recipe in a folder of its own, as a user does; return what it printed."""
    for package in NEEDS[name]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; `tox run -e integrations` installs it")
    settings = {
        "PYTHONPATH": str(Path(gan_eval.__file__).parents[1]),  # the one that is tested
        "OMP_NUM_THREADS": "1",
        "KERAS_BACKEND": "torch",
        "KERAS_HOME": str(folder / "keras"),
        "WANDB_SILENT": "true",
        "WANDB_DIR": str(folder),
        "MPLBACKEND": "agg",
    }
    done = subprocess.run(
        [sys.executable, str(RECIPES / f"{name}.py")],
        capture_output=True, text=True, encoding="utf-8", cwd=folder, timeout=SECONDS, check=False,
        env={**os.environ, **settings, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(SAID.get(name, NEAREST), done.stdout, re.M)
    return done.stdout


def test_each_recipe_is_run_here_and_shown() -> None:
    assert {path.stem for path in RECIPES.glob("*.py")} == set(NEEDS)
    names = ("recipes", "recipes/lightning", "recipes/keras", "recipes/loggers")
    page = "".join((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in names)
    shown = re.findall(
        r"^```python title=\"examples/recipes/(\w+)\.py\"\n(.*?)^```$", page, re.M | re.S
    )
    assert [name for name, _ in shown] == list(NEEDS)
    for name, code in shown:
        assert code == (RECIPES / f"{name}.py").read_text("utf-8"), name


@pytest.mark.thorough
def test_a_plain_loop_keeps_its_nearest_checkpoint(tmp_path: Path) -> None:
    said = ran("pytorch_loop", tmp_path)
    (step,) = re.findall(r"checkpoints: step (\d+)", said)
    assert int(step) % 100 == 0
    assert (tmp_path / "training.png").stat().st_size > 5000


def test_lightning_logs_and_keeps_the_nearest_epoch(tmp_path: Path) -> None:
    said = ran("lightning_callback", tmp_path)
    (file,) = tmp_path.glob("logs/**/metrics.csv")
    rows = pd.read_csv(file).dropna(subset=["gan_eval/energy_distance"])
    assert {f"gan_eval/{name}" for name in LOGGED} <= set(rows.columns)
    assert len(rows) == 20
    nearest = rows["epoch"].to_numpy()[rows["gan_eval/energy_distance"].argmin()]
    assert re.search(r"checkpoints: step (\d+)", said)[1] == str(nearest)  # type: ignore[index]
    assert re.search(rf"epoch={nearest}-step=\d+\.ckpt", said)


def test_lightning_keeps_the_epoch_that_is_worth_most(tmp_path: Path) -> None:
    said = ran("lightning_metrics", tmp_path)
    (file,) = tmp_path.glob("logs/**/metrics.csv")
    rows = pd.read_csv(file).dropna(subset=["worth"])
    assert len(rows) == 10
    assert rows["mmd2"].iloc[-1] < 0.1 * rows["mmd2"].iloc[0]
    nearest = rows["epoch"].to_numpy()[rows["worth"].argmax()]
    assert re.search(rf"Worth at least {rows['worth'].max():.0f} .*epoch={nearest}-step", said)


def test_keras_has_the_figures_in_its_history(tmp_path: Path) -> None:
    said = ran("keras_callback", tmp_path)
    assert float(said.splitlines()[0]) > 10
    assert (tmp_path / "nearest.keras").stat().st_size > 1000


def test_tensorboard_has_scalars_and_the_picture(tmp_path: Path) -> None:
    ran("tensorboard_log", tmp_path)
    reading = "tensorboard.backend.event_processing.event_accumulator"
    events = importlib.import_module(reading).EventAccumulator(str(tmp_path / "runs" / "gan"))
    events.Reload()
    for name in LOGGED:
        assert [one.step for one in events.Scalars(f"gan_eval/{name}")] == list(range(1, 11))
    assert events.Tags()["images"] == ["gan_eval/training"]


def test_mlflow_has_metrics_and_files(tmp_path: Path) -> None:
    ran("mlflow_log", tmp_path)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        found = database.execute("select key, step from metrics").fetchall()
    assert {(f"gan_eval/{name}", step) for name in LOGGED for step in range(1, 11)} <= set(found)
    kept = {path.name for path in tmp_path.glob("mlruns/**/artifacts/*")}
    assert kept == {"training.png", "best.json", "checkpoints.csv"}


def test_wandb_has_metrics_offline(tmp_path: Path) -> None:
    ran("wandb_log", tmp_path)
    (file,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    written = file.read_bytes()
    for name in LOGGED:
        assert written.count(f"gan_eval/{name}".encode()) >= 10
    assert list(file.parent.glob("files/media/images/gan_eval/*.png"))
