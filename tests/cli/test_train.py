"""``gan-eval train`` as a user meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gan_eval.judging.answer import headline
from gan_eval.judging.judge import judge
from gan_eval.plots.files import save
from gan_eval.runtime.arguments import printable
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import to_toml
from gan_eval.training.config import TrainingConfig
from gan_eval.training.run import train

from ..disk import full_disk
from ..training.backends.contract import DIVERGING
from .commands import SMALL, gan_eval, started


def test_train_prints_the_chapters_line_and_the_truth() -> None:
    done = started("train", *SMALL, "--seed", "3")
    assert done.returncode == 0, done.stderr
    line, *rest = done.stdout.splitlines()
    words = line.replace(",", "").split()
    assert words[0::2][:2] == ["loss_D", "loss_G"]
    assert words[-1] == "examples/sec"
    assert all(float(words[i]) > 0 for i in (1, 3, 4))
    text = "\n".join(rest)
    for expected in ("mean 1", "covariance 1,2", "1.9500", "KL(q‖p)", "worth", "verdict: "):
        assert expected in text


@pytest.mark.parametrize("replicates", ["1", "2", "7"])
def test_the_last_line_is_the_answer(replicates: str, tmp_path: Path) -> None:
    arguments = (*SMALL, "--backend", "fused_cpu", "--replicates", replicates)
    done = gan_eval("train", *arguments, "--plot", tmp_path / "gan.png")
    gans = train(
        TrainingConfig(epochs=1, n_examples=64), range(int(replicates)), backend="fused_cpu"
    )
    assert done.stdout.splitlines()[-1] == printable(headline(judge(gans, permutations=0)))


def test_train_json_is_one_document_that_agrees_with_the_config() -> None:
    done = gan_eval("train", *SMALL, "--replicates", "2", "--seed", "5", "--json")
    document = json.loads(done.stdout)
    assert document["config"]["n_examples"] == 64
    assert [r["seed"] for r in document["replicates"]] == [5, 6]
    first = document["replicates"][0]
    assert {"mean", "covariance", "kl", "worth_kl", "verdict", "loss_D", "loss_G"} <= (first.keys())
    assert len(first["mean"]) == 2
    assert first["covariance"][0][1] == pytest.approx(first["covariance"][1][0])
    assert document["examples_per_second"] > 0
    assert document["environment"]["packages"]["torch"]
    alone = json.loads(gan_eval("train", *SMALL, "--seed", "6", "--json").stdout)
    assert alone["replicates"][0]["covariance"] == document["replicates"][1]["covariance"]


def test_train_json_has_null_for_what_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(to_toml(DIVERGING))
    done = gan_eval("train", "--config", tmp_path / "config.toml", "--json")
    (replicate,) = json.loads(done.stdout)["replicates"]
    assert replicate["verdict"] == "diverged"
    assert replicate["kl"] is None


@pytest.mark.parametrize(("name", "start"), [("gan.png", b"\x89PNG"), ("gan.svg", b"<?xml")])
def test_train_plots_by_the_ending(tmp_path: Path, name: str, start: bytes) -> None:
    done = gan_eval("train", *SMALL, "--plot", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes().startswith(start)
    assert "by the chapter's clock" in done.stdout


@pytest.mark.parametrize("name", ["gan.png", "gan.svg"])
def test_a_full_disk_leaves_the_picture_that_was_there_or_none(tmp_path: Path, name: str) -> None:
    gans = train(TrainingConfig(epochs=1, n_examples=50), backend="fused_cpu")
    for there in ([], [name]):
        with full_disk(), pytest.raises(UsageError, match="cannot be written"):
            save(gans, tmp_path / name)
        assert [path.name for path in tmp_path.iterdir()] == there
        save(gans, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 0


def test_thousands_of_replicates_by_the_fused_kernel() -> None:
    done = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--replicates", "3000")
    assert done.returncode == 0, done.stderr
    assert "(medians of 3000 trainings)" in done.stdout
    counts = re.findall(r"(\d+) (?:converged|near|failed|diverged)", done.stdout)
    assert sum(map(int, counts)) == 3000


def test_the_device_is_the_backends_first_unless_named() -> None:
    first = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--json")
    assert json.loads(first.stdout)["device"] == "cpu"
    refused = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--device", "cuda")
    assert refused.returncode == 2
    assert "device 'cuda' is not there: backend 'fused_cpu' sees cpu" in refused.stderr


CURVED = ("--set", "generator_widths=[6,5]", "--set", "generator_activation=relu")


def test_a_generator_with_hidden_layers_is_told_by_what_is_computed(tmp_path: Path) -> None:
    ring = (*SMALL, *CURVED, "--set", "target=ring8")
    done = gan_eval("train", *ring, "--plot", tmp_path / "gan.png")
    assert (tmp_path / "gan.png").read_bytes().startswith(b"\x89PNG")
    config = TrainingConfig(
        epochs=1,
        n_examples=64,
        generator_widths=(6, 5),
        generator_activation="relu",
        target="ring8",
    )
    rows = judge(train(config, [0]), permutations=0)
    found = re.search(r"modes found: (\d+) of 8", done.stdout)
    assert found is not None
    assert int(found[1]) == rows["modes_found"].iloc[0]
    assert f"verdict: {rows['verdict'].iloc[0]}" in done.stdout
    assert done.stdout.splitlines()[-1] == printable(headline(rows))
    document = json.loads(gan_eval("train", *ring, "--json").stdout)
    (replicate,) = document["replicates"]
    assert replicate["mean"][0] == pytest.approx(rows["mean_1"].iloc[0])
    assert replicate["covariance"][1][0] == pytest.approx(rows["covariance_1_2"].iloc[0])
    assert len([name for name in replicate if name.startswith("mode_mass_")]) == 8


def test_where_nothing_can_be_computed_samples_judge_and_it_is_said() -> None:
    wide = (*SMALL, *CURVED, "--set", "latent_size=3", "--replicates", "2")
    done = gan_eval("train", *wide)
    assert done.returncode == 0
    assert "KL(q‖p) " not in done.stdout.replace("KL(q‖p) nats", "")
    assert "not measured: " in done.stdout
    assert "nan" not in done.stdout.partition("worth samples")[0]
    (first, _) = json.loads(gan_eval("train", *wide, "--json").stdout)["replicates"]
    assert first["kl"] is None
    assert first["mean"] == [None, None]
    assert first["worth_energy"] > 0


def test_modes_that_are_counted_on_generated_points_are_not_said_to_be_unmeasured(
    tmp_path: Path,
) -> None:
    target = tmp_path / "target.toml"
    target.write_text(
        "epochs = 1\nn_examples = 64\ngenerator_widths = [4]\n[target]\ncomponents = [\n"
        "  { weight = 0.5, mean = [0, 0, 0], standard_deviations = [1, 1, 1] },\n"
        "  { weight = 0.5, mean = [6, 0, 0], standard_deviations = [1, 1, 1] },\n]\n"
    )
    done = gan_eval("train", "--config", target)
    assert done.returncode == 0, done.stderr
    assert re.search(r"modes found, counted on generated points: [012] of 2; ", done.stdout)
    said = " ".join(done.stdout.split()).partition("not measured: ")[2].partition(": they")[0]
    assert said.endswith("exact masses of modes")
    gaussian = gan_eval("train", *SMALL, *CURVED, "--set", "latent_size=3").stdout
    assert "modes" not in gaussian
