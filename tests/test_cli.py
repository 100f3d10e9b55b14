"""The command line as a user meets it: its stdout, stderr and status."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from gan_eval.cli import main
from gan_eval.plan import Study
from gan_eval.study import run

SMALL = ("--set", "epochs=1", "--set", "n_examples=64")
STUDY = (
    *("--set", "config.epochs=1", "--set", "config.n_examples=64", "--set", "permutations=19"),
    *("--set", 'backends=["pytorch"]'),
    *("--set", "time_budget=none"),  # however busy the machine is
)


def gan_eval(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In this process, which has imported what a command needs."""
    stdout, stderr = io.StringIO(), io.StringIO()
    words = [str(argument) for argument in arguments]
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as end,
    ):
        main(words)
    assert end.value.code is None or isinstance(end.value.code, int)
    return subprocess.CompletedProcess(
        words, end.value.code or 0, stdout.getvalue(), stderr.getvalue()
    )


def started(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gan_eval", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=600,
        check=False,
    )


def refused(*arguments: str | Path, cwd: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run what must be refused: status 2, one line on stderr, nothing on stdout or on disk."""
    before = sorted(cwd.rglob("*"))
    with contextlib.chdir(cwd), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    assert end.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1, stderr
    assert sorted(cwd.rglob("*")) == before
    return stderr


def test_help_and_import_load_no_framework() -> None:
    script = (
        "import sys, gan_eval, gan_eval.cli\n"
        "try: gan_eval.cli.main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'tensorflow', 'jax', 'mxnet', 'numba', 'pandas', 'numpy', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("train", "run", "check", "report", "certify", "backends"):
        assert command in done.stdout


@pytest.mark.parametrize("module", ["judge", "study", "report", "summary", "twosample", "printing"])
def test_only_a_backends_file_imports_its_framework(module: str) -> None:
    script = f"import sys, gan_eval.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


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


def test_train_json_is_one_document_that_agrees_with_the_config() -> None:
    done = gan_eval("train", *SMALL, "--replicates", "2", "--seed", "5", "--json")
    document = json.loads(done.stdout)
    assert document["config"]["n_examples"] == 64
    assert [r["seed"] for r in document["replicates"]] == [5, 6]
    first = document["replicates"][0]
    assert {"mean", "covariance", "kl", "effective_sample_size", "verdict", "loss_D", "loss_G"} <= (
        first.keys()
    )
    assert len(first["mean"]) == 2
    assert first["covariance"][0][1] == pytest.approx(first["covariance"][1][0])
    assert document["examples_per_second"] > 0
    assert document["environment"]["packages"]["torch"]
    alone = json.loads(gan_eval("train", *SMALL, "--seed", "6", "--json").stdout)
    assert alone["replicates"][0]["covariance"] == document["replicates"][1]["covariance"]


def test_train_json_has_null_for_what_is_no_number() -> None:
    overflow = ("--set", "init_scale=1e30", "--set", "discriminator_widths=[]")
    done = gan_eval("train", *SMALL, *overflow, "--json")
    (replicate,) = json.loads(done.stdout)["replicates"]
    assert replicate["verdict"] == "diverged"
    assert replicate["kl"] is None


@pytest.mark.parametrize(("name", "start"), [("gan.png", b"\x89PNG"), ("gan.svg", b"<?xml")])
def test_train_plots_by_the_ending(tmp_path: Path, name: str, start: bytes) -> None:
    done = gan_eval("train", *SMALL, "--plot", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes().startswith(start)
    assert "by the chapter's clock" in done.stdout


def test_run_writes_rows_epochs_study_and_report(tmp_path: Path) -> None:
    done = started("run", *STUDY, "--set", "replicates=3", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "chapter"
    assert f"Report: {folder.relative_to(tmp_path)}/report.html" in done.stdout
    rows = pd.read_csv(folder / "rows.csv")
    assert rows["seed"].tolist() == [0, 1, 2]
    assert rows["chapter_examples_per_second"].notna().tolist() == [True, False, False]
    rows.to_parquet(tmp_path / "rows.parquet")
    epochs = pd.read_csv(folder / "epochs.csv")
    assert len(epochs) == 6
    facts = json.loads((folder / "study.json").read_text())
    assert (facts["planned"], facts["finished"], facts["interrupted"]) == (3, 3, False)
    before = (folder / "report.html").read_bytes()
    again = gan_eval("report", "reports/chapter", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (folder / "report.html").read_bytes() == before


def test_workers_do_not_change_the_rows() -> None:
    settings = [*STUDY[1::2], "replicates=4"]
    clocks = ["seconds", "examples_per_second", "chapter_examples_per_second"]
    alone, shared = (
        run(Study.read(None, settings), workers=workers).rows.drop(columns=clocks)
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


def test_a_study_file_with_a_grid(tmp_path: Path) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(
        'name = "<b>rates</b>/.."\nreplicates = 2\npermutations = 0\n'
        'time_budget = "none"\n'
        "[config]\nepochs = 1\nn_examples = 32\n[grid]\nlearning_rate_D = [0.05, 0.02]\n"
    )
    done = gan_eval("run", file, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name == "b-rates-b"
    rows = pd.read_csv(folder / "rows.csv")
    assert sorted(set(rows["configuration"])) == ["learning_rate_D=0.02", "learning_rate_D=0.05"]
    assert "<b>rates</b>" not in (folder / "report.html").read_text()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupting_a_run_keeps_what_was_finished(tmp_path: Path, workers: str) -> None:
    import pty

    arguments = ["run", "--set", "replicates=500", "--set", "config.n_examples=64"]
    arguments += ["--set", "backends=['pytorch']", "--set", "time_budget=none"]
    arguments += ["--set", "config.epochs=4", "--workers", workers, "--out", "out"]
    terminal, stderr = pty.openpty()  # the progress bar tells when there is something to keep
    # A job in the background of a script inherits SIGINT ignored. What has a handler here is not
    # ignored there; a `preexec_fn` would fork in Python, of which JAX warns where it is loaded.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "gan_eval", *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        )
    finally:
        signal.signal(signal.SIGINT, before)
    os.close(stderr)
    shown: list[str] = []

    def watch() -> None:
        with contextlib.suppress(OSError):  # how Linux says that the other end was closed
            while some := os.read(terminal, 4096):
                shown.append(some.decode(errors="replace"))
                if not interrupted and re.search(r"\b([2-9]|\d\d+)/500", "".join(shown)):
                    os.killpg(process.pid, signal.SIGINT)
                    interrupted.append(True)

    interrupted: list[bool] = []
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        stdout = process.communicate(timeout=600)[0]
    finally:
        # Its processes, too: as long as one holds the terminal, the watcher reads on.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        watcher.join()
        os.close(terminal)
    assert process.returncode == 130, (stdout, "".join(shown))
    assert "Traceback" not in "".join(shown)
    kept = pd.read_csv(tmp_path / "out" / "rows.csv")
    assert 2 <= len(kept) < 500
    assert f"Interrupted: {len(kept)} of 500 replicates kept" in stdout
    assert gan_eval("report", "out", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("demand", "status", "word"),
    [(("--share", "0.6", "--margin", "0.5"), 0, "PASS"), (("--share", "0.7"), 1, "FAIL")],
)
def test_check_answers_by_its_status(
    tmp_path: Path, demand: tuple[str, ...], status: int, word: str
) -> None:
    rows = tmp_path / "rows.csv"
    columns = "seed,verdict,kl,backend,device,config_hash,loss_D,loss_G,effective_sample_size\n"
    rows.write_text(
        columns
        + "0,converged,0.05,pytorch,cpu,abc,0.69,0.69,50\n"
        + "1,near,0.3,pytorch,cpu,abc,0.69,0.69,10\n"
        + "2,diverged,,pytorch,cpu,abc,,,\n"
    )
    done = gan_eval("check", "--rows", rows, *demand)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines()[-1].startswith(word)
    document = json.loads(gan_eval("check", "--rows", rows, *demand, "--json").stdout)
    assert document["passed"] is (status == 0)
    assert document["replicates"] == 3


def test_check_trains_when_it_is_given_no_rows() -> None:
    done = gan_eval("check", *SMALL, "--replicates", "2", "--margin", "1000", "--share", "1")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 replicates" in done.stdout


def test_backends_lists_pytorch() -> None:
    done = gan_eval("backends", "--json")
    (found,) = (e for e in json.loads(done.stdout)["backends"] if e["name"] == "pytorch")
    assert found["state"] == "installed"
    assert "cpu" in found["devices"]
    assert "pytorch" in gan_eval("backends").stdout


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
        (("train", "--backend", "torch"), "unknown backend 'torch': did you mean `pytorch`?"),
        (("train", "--seed", "-1"), "`--seed` must be between 0 and"),
        (("train", "--seed", "x"), "'--seed'"),
        (("train", "--replicates", "0"), "`--replicates` must be at least 1, got 0"),
        (("train", "--plot", "gan.gif"), "must end in .png or .svg"),
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
        (("run", "--workers", "0"), "`--workers` must be at least 1, got 0"),
        (("run", "--set", "backends=['none']", "--workers", "1"), "unknown backend 'none'"),
        (("run", "--set", "first_seed=-3"), "`first_seed` must be at least 0, got -3"),
        (("run", "--set", "replicates=0"), "`replicates` must be at least 1, got 0"),
        (("check", "--share", "1.5"), "`--share` must be above 0 and at most 1, got 1.5"),
        (("check", "--margin", "nan"), "`--margin` must be a positive number of nats, got nan"),
        (("check", "--rows", "absent.csv"), "there is no file 'absent.csv'"),
        (("check", "--rows", "file"), "lacks the column"),
        (("check", "--rows", "file", "--set", "epochs=1"), "it goes without"),
        (("check", "--rows", "file", "--seed", "4"), "it goes without"),
        (("report", "absent"), "there is no folder 'absent'"),
        (("report", "file"), "'file' is a file"),
        (("report", "folder"), "study.json"),
        (("frobnicate",), "frobnicate"),
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


def test_thousands_of_replicates_by_the_fused_kernel() -> None:
    done = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--replicates", "3000")
    assert done.returncode == 0, done.stderr
    assert "(medians of 3000 replicates)" in done.stdout
    counts = re.findall(r"(\d+) (?:converged|near|failed|diverged)", done.stdout)
    assert sum(map(int, counts)) == 3000


def test_the_device_is_the_backends_first_unless_named() -> None:
    first = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--json")
    assert json.loads(first.stdout)["device"] == "cpu"
    refused = gan_eval("train", *SMALL, "--backend", "fused_cpu", "--device", "cuda")
    assert refused.returncode == 2
    assert "device 'cuda' is not there: backend 'fused_cpu' sees cpu" in refused.stderr
