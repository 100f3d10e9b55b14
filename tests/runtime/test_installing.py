"""Advice on how to install an extra, as it is true where the package came from."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from gan_eval.runtime import installing
from gan_eval.runtime.installing import advice_here

ANYWHERE = "not here: pip install 'gan-eval-tiny[jax]'"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder whose name a shell would take apart."""
    folder = tmp_path / "my checkout's $HOME"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'gan-eval-tiny'\n")
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a distribution of which pip noted where it came from, or nothing."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(noted: dict[str, Any] | str | None) -> None:
        metadata = tmp_path / "gan_eval_tiny-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: gan-eval-tiny\nVersion: 1.0\n"
        )
        if noted is not None:
            text = noted if isinstance(noted, str) else json.dumps(noted)
            (metadata / "direct_url.json").write_text(text)

    return install


def arguments(sentence: str) -> list[str]:
    """What a shell would make of the command at a sentence's end."""
    return shlex.split(sentence.partition(": ")[2])


def test_from_a_checkout_it_names_the_checkout_quoted(checkout: Path, installed: Any) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {}})
    assert arguments(advice_here(ANYWHERE)) == ["pip", "install", f"{checkout}[jax]"]


def test_an_editable_install_stays_one(checkout: Path, installed: Any) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {"editable": True}})
    assert arguments(advice_here(ANYWHERE)) == ["pip", "install", "-e", f"{checkout}[jax]"]


def test_in_the_checkout_it_is_a_dot(
    checkout: Path, installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {}})
    monkeypatch.chdir(checkout)
    assert advice_here(ANYWHERE) == "not here: pip install '.[jax]'"


@pytest.mark.parametrize(
    "noted",
    [
        None,  # from an index
        {"url": "file:///tmp/gan_eval_tiny-1.0-py3-none-any.whl", "archive_info": {}},
        {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
        {"url": "file:///no/such/folder/any/more", "dir_info": {}},
        "{not JSON",
    ],
    ids=["index", "wheel", "repository", "gone", "damaged"],
)
def test_from_elsewhere_it_names_the_package(installed: Any, noted: Any) -> None:
    installed(noted)
    assert advice_here(ANYWHERE) == ANYWHERE


def test_sources_that_run_without_being_installed_name_themselves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> Any:
        raise installing.PackageNotFoundError(name)

    monkeypatch.setattr(installing, "distribution", absent)
    monkeypatch.chdir(tmp_path)
    sources = Path(installing.__file__).resolve().parents[2]
    if not (sources / "pyproject.toml").exists():
        pytest.skip("the package is installed: its sources are not beside it")
    told = advice_here("x: pip install 'gan-eval[dask]'")
    assert arguments(told) == ["pip", "install", "-e", f"{sources}[dask]"]
    assert advice_here("pip install 'other[dask]'") == "pip install 'other[dask]'"


def test_a_sentence_without_advice_stays_and_advice_is_told_once(
    checkout: Path, installed: Any
) -> None:
    installed({"url": checkout.as_uri(), "dir_info": {}})
    for sentence in ("", "pip install setuptools", "RuntimeError: x['gan-eval[y]']"):
        assert advice_here(sentence) == sentence
    assert advice_here(advice_here(ANYWHERE)) == advice_here(ANYWHERE)
    two = advice_here(f"{ANYWHERE} and {ANYWHERE}")
    assert two.count(shlex.quote(f"{checkout}[jax]")) == 2


def test_every_advice_of_the_package_goes_through_it() -> None:
    """`pip install 'gan-eval[…` stands in no sentence that is not told by it."""
    package = Path(installing.__file__).parents[1]
    for file in package.rglob("*.py"):
        source = file.read_text("utf-8")
        if "pip install 'gan-eval[" in source and file != Path(installing.__file__):
            assert "advice_here(" in source, file.name
