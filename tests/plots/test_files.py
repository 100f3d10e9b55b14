"""Which ending makes which file, and what is refused before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

import gan_eval as ge
from gan_eval.plots import files

SMALL = ge.TrainingConfig(epochs=2, n_examples=64)


@pytest.mark.parametrize("name", ["gan.jpg", "gan", "gan.mp4", "film.html.txt"])
def test_a_wrong_ending_or_a_missing_program_is_refused_before_training(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.shutil, "which", lambda _: None)

    def never(*_: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr(files, "train", never)
    with pytest.raises(ge.UsageError, match="`plot`") as caught:
        ge.train(SMALL, plot=tmp_path / name)
    if name.endswith("mp4"):
        assert ".gif" in str(caught.value)
        assert ".html" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "start", "backend"),
    [
        ("a.png", b"\x89PNG", "fused_cpu"),
        ("a.svg", b"<?xml", "pytorch"),
        ("a.GIF", b"GIF89a", "fused_cpu"),
        ("a.html", b"<!DOCTYPE", "pytorch"),
    ],
)
def test_the_ending_says_what_is_written(
    name: str, start: bytes, backend: str, tmp_path: Path
) -> None:
    gans = ge.train(SMALL, seeds=[1, 2, 3], backend=backend, plot=tmp_path / name)
    assert gans.seeds.tolist() == [1, 2, 3]
    assert (tmp_path / name).read_bytes().startswith(start)
    # The chapter's clock ran with the first seed, and with no other.
    assert (gans.chapter_seconds[0] > gans.seconds[0]).all()
    assert not (gans.chapter_seconds[1:] == gans.chapter_seconds[1:]).any()


def test_a_picture_is_the_same_text_each_time(tmp_path: Path) -> None:
    gans = ge.train(SMALL, backend="fused_cpu")
    for name in ("one.svg", "two.svg"):
        files.save(gans, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    with pytest.raises(ge.UsageError, match="`plot`"):
        files.save(gans, tmp_path / "one.gif")
