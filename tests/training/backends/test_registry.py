"""The registry: a third party's backend, a missing framework, a broken one, an unknown name."""

import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import backend, backends
from gan_eval.training.config import TrainingConfig

TINY = """
import numpy as np
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs, initial_layers

class Untrained:
    name = "untrained"
    replicates_per_call = 100

    def devices(self):
        return ["cpu"]

    def version(self):
        return "untrained 1.0"

    def train(self, config, seeds, device="cpu", on_epoch=None):
        starts = [initial_layers(config, seed) for seed in seeds]
        epochs, R = config.epochs, len(seeds)
        W = np.array([generator[0].weight for generator, _ in starts])
        b = np.array([generator[0].bias for generator, _ in starts])
        layers = zip(*(discriminator for _, discriminator in starts))
        return TrainedGANs(
            config=config, backend=self.name, device=device, seeds=np.array(seeds),
            weights=np.repeat(W[:, None], epochs + 1, axis=1),
            biases=np.repeat(b[:, None], epochs + 1, axis=1),
            discriminator=[Layer(*map(np.array, zip(*layer))) for layer in layers],
            loss_D=np.full((R, epochs), np.log(2)), loss_G=np.full((R, epochs), np.log(2)),
            seconds=np.full((R, epochs), 1e-3), chapter_seconds=np.full((R, epochs), np.nan),
        )

class NotABackend:
    name = "shapeless"
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution ``gan-eval-tiny`` with four entry points."""
    (tmp_path / "tiny_backends.py").write_text(TINY)
    (tmp_path / "tiny_needs.py").write_text("import a_framework_that_is_not_there\n")
    (tmp_path / "tiny_broken.py").write_text("raise RuntimeError('driver\\nmismatch')\n")
    metadata = tmp_path / "gan_eval_tiny-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        textwrap.dedent(
            """\
            Metadata-Version: 2.1
            Name: gan-eval-tiny
            Version: 1.0
            Provides-Extra: full
            Requires-Dist: a-framework-that-is-not-there>=2; extra == "full"
            """
        )
    )
    (metadata / "entry_points.txt").write_text(
        textwrap.dedent(
            """\
            [gan_eval.backends]
            untrained = tiny_backends:Untrained
            needs = tiny_needs:Anything
            broken = tiny_broken:Anything
            shapeless = tiny_backends:NotABackend
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("tiny_backends", "tiny_needs", "tiny_broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_backend_trains() -> None:
    config = TrainingConfig(epochs=2)
    trained = backend("untrained").train(config, [1, 2])
    assert trained.backend == "untrained"
    assert trained.weights.shape == (2, 3, 2, 2)
    assert not np.array_equal(trained.weights[0], trained.weights[1])


@pytest.mark.usefixtures("third_party")
def test_the_list_tells_installed_missing_and_broken_apart() -> None:
    found = {entry.name: entry for entry in backends()}
    assert found["pytorch"].state == "installed"
    assert found["pytorch"].devices[0] == "cpu"
    assert found["untrained"].state == "installed"
    assert found["untrained"].replicates_per_call == 100
    assert found["needs"].state == "missing"
    assert found["needs"].remedy == "pip install 'gan-eval-tiny[full]'"
    assert found["broken"].state == "broken"
    assert "RuntimeError: driver mismatch" in found["broken"].remedy
    assert found["shapeless"].state == "broken"


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("untraind", "unknown backend 'untraind': did you mean `untrained`?"),
        ("needs", "pip install 'gan-eval-tiny"),
        ("broken", "is installed but does not load: RuntimeError: driver mismatch"),
        ("shapeless", "does not fit the protocol"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        backend(name)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
