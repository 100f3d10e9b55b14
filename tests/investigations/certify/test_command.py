"""``gan-eval certify`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_eval.cli import main
from gan_eval.investigations.certify import Certificate
from gan_eval.pages.numbers import percent

QUICK = ("certify", "--tests", "classical_hotelling", "--n", "12", "--m", "10", "--workers", "1")
SMALL = (*QUICK, "--dimension", "2", "--repetitions", "100", "--seed", "4")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert isinstance(end.value.code, int)
    stdout, stderr = capsys.readouterr()
    return end.value.code, stdout, stderr


def test_it_prints_tables_and_writes_the_certificate_and_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--out", str(tmp_path / "c.json"), "--html", str(tmp_path / "c.html"))
    status, stdout, stderr = run(capsys, *SMALL, *files)
    assert (status, stderr) == (0, "")
    for words in ("size at 5 %", "best possible test", "axes turned"):
        assert words in stdout
    certificate = Certificate.load(tmp_path / "c.json")
    headline = stdout.rstrip().partition("Yes: ")[2]
    for share in (certificate.sizes[0].sizes[1], certificate.sizes[0].bands[1][1]):
        assert percent(share).replace("\u202f", " ") in headline
    assert certificate.sizes[0].n == 12
    assert certificate.sizes[0].m == 10
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.html", "c.json"]
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3  # sizes, and power along two paths
    for identity in ("fig-sizes", "fig-power-shift-minor", "fig-power-mixture"):
        assert f'aria-labelledby="{identity}-title' in page


def test_a_mixture_is_certified_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ("--tests", "hotelling", "--n", "20", "--repetitions", "100", "--workers", "1")
    files = ("--out", str(tmp_path / "c.json"), "--html", str(tmp_path / "c.html"))
    status, stdout, stderr = run(capsys, "certify", "--target", "ring8", *small, *files)
    assert (status, stderr) == (0, "")
    assert "modes lost" in stdout
    assert Certificate.load(tmp_path / "c.json").settings.target == "ring8"
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "gan-eval certify --tests hotelling --target ring8 --n 50" in page
    for identity in ("fig-sizes", "fig-power-modes-lost", "fig-power-wide"):
        assert f'aria-labelledby="{identity}-title' in page


def test_json_is_one_document_and_the_status_tells_of_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gan_eval.investigations.certify import TESTS
    from gan_eval.investigations.certify import run as running
    from gan_eval.investigations.certify.catalogue import Subject

    broken = Subject("mmd", "broken", lambda x, y, rng: 0.001)
    monkeypatch.setattr(running, "TESTS", {**TESTS, "mmd": broken})
    arguments = [a.replace("classical_hotelling", "mmd") for a in SMALL]
    status, stdout, _ = run(capsys, *arguments, "--json")
    document = json.loads(stdout)
    assert status == 1
    assert document["passed"] is False
    assert any("rejects too often" in fault for fault in document["faults"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tests", "mdm"), "unknown test 'mdm'"),
        (("--m", "3"), "`--m` goes with `--n`"),
        (("--repetitions", "10"), "repetitions must be a whole number of at least 100, got 10"),
        (("--alpha", "0.3333"), "alpha must be a multiple of 0.01"),
        (("--target", "ring"), "`--target` must be one of chapter, ring8, grid25, got 'ring'"),
        (("--target", "ring8", "--dimension", "3"), "`--dimension` of the target ring8 is 2, got"),
        (("--target", "grid25", "--tests", "box_m"), "'box_m' promises nothing of data from grid"),
        (("--workers", "0"), "`--workers` must be between 1 and 1024, got 0"),
        (("--out", "."), "is a directory"),
        (("--html", "c.html/x"), "cannot be written"),
    ],
)
def test_misuse_is_one_sentence_before_any_work(
    arguments: tuple[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.html").touch()
    status, stdout, stderr = run(capsys, "certify", *arguments)
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1
