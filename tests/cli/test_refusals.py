"""What is refused: status 2, one sentence on stderr, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gan_eval.cli import main

from .commands import refused


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "--set", "batchsize=8"), "did you mean `batch_size`?"),
        (("train", "--set", "batch_size=x"), "`batch_size` must be an integer, got 'x'"),
        (("train", "--set", "batch_size=0"), "must be between 1 and n_examples (1000), got 0"),
        (("train", "--set", "batch_size=1001"), "must be between 1 and n_examples (1000)"),
        (("train", "--set", "learning_rate_D=-0.1"), "must be greater than 0, got -0.1"),
        (("train", "--set", "target.A=[[nan, 0], [0, 1]]"), "must be finite, got nan"),
        (("train", "--set", "target.A=[[1, 2], [2, 4]]"), "`A` must have full rank"),
        (("train", "--config", "absent.toml"), "there is no file 'absent.toml'"),
        (("train", "--config", "folder"), "'folder' is a directory"),
        (("train", "--config", "binary"), "not a text file"),
        (("train", "--config", "broken.toml"), "line 2"),
        (("train", "--config", "deep.toml"), "it is nested too deeply"),
        (("train", "--config", "digits.toml"), "not usable TOML: exceeds the limit (4300 digits)"),
        (("train", "--config", "keys.toml"), "unknown setting `a`"),
        (("train", "--set", f"epochs={'9' * 5000}"), "`epochs` must be an integer, got '999"),
        (("train", "--set", f"epochs=0x{'f' * 6000}"), "got a number of thousands of digits"),
        (("train", "--threads", str(10**30)), "`--threads` must be between 1 and 1024, got 1000"),
        (("train", "--plot", f"{'n' * 300}.png"), "File name too long"),
        (("train", "--backend", "torch"), "unknown backend 'torch': did you mean `pytorch`?"),
        (("train", "--seed", "-1"), "`--seed` must be between 0 and"),
        (("train", "--seed", "x"), "'--seed'"),
        (("run", "--language", "xx"), "`--language` must be one of en, tr, got 'xx'"),
        (("report", ".", "--language", "xx"), "`--language` must be one of en, tr, got 'xx'"),
        (
            ("train", "--replicates", "0"),
            "`--replicates` must be a whole number of at least 1, got 0",
        ),
        (("train", "--replicates", str(10**12)), "replicates need at least"),
        (("train", "--replicates", str(2**63)), "`--replicates` goes past it"),
        (("train", "--set", "seed=3"), "unknown setting `seed`"),
        (
            ("exercise", "--set", "generator_widths=[8]"),
            "`generator_widths` must be empty, got [8]",
        ),
        (("exercise", "--set", "target=ring8"), "`target` must be a Gaussian, got a mixture of 8"),
        (
            ("dynamics", "--set", "generator_widths=[8]"),
            "`generator_widths` must be empty, got [8]",
        ),
        (
            ("dynamics", "--set", "target=grid25"),
            "`target` must be a Gaussian, got a mixture of 25",
        ),
        (("conform", "--set", "batch_size=0"), "must be between 1 and n_examples (1000), got 0"),
        (("throughput", "none.json"), "no benchmark stands in 'none.json'"),
        (("train", "--plot", "gan.jpg"), "must name a picture (.png or .svg) or a film"),
        (("train", "--plot", "file/gan.png"), "'file' is a file"),
        (("train", "--plot", "folder.png"), "'folder.png' is a directory"),
        (
            (
                "train",
                "--no-such-option",
            ),
            "--no-such-option",
        ),
        (("run", "absent.toml"), "there is no file 'absent.toml'"),
        (("run", "broken.toml"), "line 2"),
        (("run", "--out", "file"), "'file' is a file, a folder is needed"),
        (("run", "--out", "file/below"), "'file' is a file"),
        (("run", "--out", "foreign"), "rows.csv that gan-eval did not write"),
        (("run", "--out", "n" * 300), "File name too long"),
        (("run", "--workers", str(10**30)), "`--workers` must be between 1 and 1024, got 1000"),
        (("run", "--workers", "0"), "`--workers` must be between 1 and 1024, got 0"),
        (("run", "--set", "backends=['none']", "--workers", "1"), "unknown backend 'none'"),
        (("run", "--set", "first_seed=-3"), "`first_seed` must be at least 0, got -3"),
        (("run", "--set", "replicates=0"), "`replicates` must be at least 1, got 0"),
        (("check", "--share", "1.5"), "`--share` must be above 0 and at most 1, got 1.5"),
        (("check", "--margin", "nan"), "`--margin` must be a positive number of nats, got nan"),
        (("check", "--rows", "n" * 300), "File name too long"),
        (("check", "--rows", "absent.csv"), "there is no file 'absent.csv'"),
        (("check", "--rows", "file"), "lacks the column"),
        (("check", "--rows", "file", "--set", "epochs=1"), "it goes without"),
        (("check", "--rows", "file", "--seed", "4"), "it goes without"),
        (("throughput", "file", "--csv", "file"), "`--csv` would replace 'file', which is read"),
        (("throughput", "a", "--against", "file", "--html", "file"), "`--html` would replace"),
        (("throughput", "file", "--csv", "a", "--html", "a"), "'a', which `--csv` writes"),
        (("certify", "--out", "a", "--html", "a"), "'a', which `--out` writes"),
        (("report", "absent"), "there is no folder 'absent'"),
        (("report", "n" * 300), "File name too long"),
        (("report", "file"), "'file' is a file"),
        (("report", "folder"), "study.json"),
        (("frobnicate",), "unknown command 'frobnicate': the commands are train, run, check"),
        (("trian",), "unknown command 'trian': did you mean `train`? The commands are"),
        (("train", "--epochs", "3"), "no such option: --epochs; write `--set epochs=3`"),
        (("run", "--epochs=3"), "no such option: --epochs; write `--set config.epochs=3`"),
        (("run", "--replicates", "8"), "write `--set replicates=8`"),
        (("run", "--seeds", "8"), "write `--set replicates=8`"),
        (("conform", "--seeds", "8"), "no such option: --seeds; did you mean `--replicates`?"),
        (("train", "--seeds", "8"), "no such option: --seeds; did you mean `--replicates`?"),
        (("check", "--lr", "1"), "`--set learning_rate_D=1` or `--set learning_rate_G=1`"),
        (("run", "--set", "epochs=3"), "it belongs under [config], as `config.epochs`"),
        (("run", "top.toml"), "unknown setting `epochs`: it belongs under [config]"),
        (("train", "--set", "learning_rate=1"), "`learning_rate_D` or `learning_rate_G`"),
    ],
)
def test_bad_input_is_refused_in_one_sentence_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "rows.csv").write_text("mine\n1\n")
    (tmp_path / "file").write_text("a,b\n1,2\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "deep.toml").write_text(f"a = {'[' * 100_000}")
    (tmp_path / "digits.toml").write_text(f"epochs = {'9' * 5000}")
    (tmp_path / "keys.toml").write_text(f"[{'a.' * 3000}b]")
    (tmp_path / "none.json").write_text('{"benchmarks": [], "machine_info": {}}')
    (tmp_path / "top.toml").write_text("epochs = 3\n")
    (tmp_path / "broken.toml").write_text("epochs = 2\nbatch_size = = 3\n")
    assert sentence in refused(*arguments, cwd=tmp_path, capsys=capsys)


def test_cuda_without_a_gpu_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    sentence = "device 'cuda' is not there: backend 'pytorch' sees cpu on this machine"
    assert sentence in refused("train", "--device", "cuda", cwd=tmp_path, capsys=capsys)
    study = (
        *("run", "--set", "devices=['cuda']", "--set", "backends=['pytorch']"),
        *("--workers", "1"),
    )
    assert sentence in refused(*study, cwd=tmp_path, capsys=capsys)


@pytest.mark.parametrize("told", ["x", "0", "1.5", "9999"])
def test_a_number_of_threads_that_is_none_is_refused(
    told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_EVAL_THREADS", told)
    small = ("train", "--backend", "fused_cpu", "--set", "epochs=1")
    assert "GAN_EVAL_THREADS must be" in refused(*small, cwd=tmp_path, capsys=capsys)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_an_unreadable_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "secret.toml"
    file.write_text("epochs = x\n")
    refused("train", "--config", file, cwd=tmp_path, capsys=capsys)  # all is imported by now
    file.chmod(0)
    user = os.geteuid()
    if user == 0:  # root reads every file, so be nobody for a moment
        os.seteuid(65534)
    try:
        with pytest.raises(SystemExit) as end:
            main(["train", "--config", str(file)])
    finally:
        os.seteuid(user)
    assert end.value.code == 2
    assert "permission denied" in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a": ' * 50_000,
        "9" * 5000,
        "1" + "0" * 400,
        "1e400",
        "NaN",
        "[1, ",
        '"\\u12',
    ],
)
def test_json_that_cannot_be_used_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.json").write_text(text)
    said = refused("report", ".", cwd=tmp_path, capsys=capsys)
    assert "JSON: " in said
    assert len(said) < 400
