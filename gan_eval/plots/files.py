"""Pictures and films of a training as files: the ending of a name says which."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, replacing
from gan_eval.training.backends.protocol import Backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.drawing import ChapterDrawing
from gan_eval.training.recording import Recording
from gan_eval.training.trained import EpochEnd, OnEpoch, TrainedGANs

STILLS = ("png", "svg")
FILMS = ("gif", "mp4", "html")


def kind(path: str | Path) -> str:
    """Tell the kind of a picture by the ending of its name; ``UsageError`` for any other.

    Examples
    --------
    >>> kind("gan.PNG")
    'png'
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in (*STILLS, *FILMS):
        raise UsageError(
            "`plot` must name a picture (.png or .svg) or a film (.gif, .mp4 or .html), got "
            f"{str(path)!r}"
        )
    if ending == "mp4" and shutil.which("ffmpeg") is None:
        raise UsageError(
            f"`plot` as .mp4 needs the program ffmpeg, which is not there, got {str(path)!r}: "
            "without it a film can be a .gif or an .html"
        )
    return ending


def check(path: str | Path) -> None:
    """Raise ``UsageError`` where a picture cannot be written, before anything is trained."""
    kind(path)
    check_writable(path)


def train(
    path: str | Path, trainer: Backend, config: TrainingConfig, seeds: Sequence[int], device: str
) -> TrainedGANs:
    """Train, with the chapter's work after each epoch of the first seed, and write the picture.

    That work is what the chapter's clock includes. A film is of the training with the median KL,
    or worth where there is no closed form, which is trained once more to hear of its epochs where
    it is not the first.
    """
    drawing, recording = ChapterDrawing(config, seeds[0]), Recording(seeds[0])
    film = kind(path) in FILMS
    after = _both(drawing, recording) if film else drawing
    parts = [trainer.train(config, seeds[:1], device, after)]
    parts += [trainer.train(config, seeds[1:], device)] if len(seeds) > 1 else []
    trained = TrainedGANs.join(parts)
    if not film:
        save(trained, path)
        return trained
    from gan_eval.plots.chapter import distances, judged, middle
    from gan_eval.plots.film.frames import Film
    from gan_eval.plots.film.write import write

    shown = middle(distances(judged(trained, computed=0)))
    if shown:
        recording = Recording(int(trained.seeds[shown]))
        trainer.train(config, [recording.seed], device, recording)
    one = trained.take(slice(shown, shown + 1))
    write(Film.of(one, recording.discriminators, len(trained)), path)
    return trained


def save(trained: TrainedGANs, path: str | Path) -> None:
    """Write the chapter's picture of trained GANs as .png or .svg."""
    import matplotlib as mpl

    from gan_eval.plots.chapter import chapter

    ending = kind(path)
    if ending not in STILLS:
        raise UsageError(f"`plot` must name a picture (.png or .svg), got {str(path)!r}")
    buffer = io.BytesIO()
    # So that one training is one text.
    with mpl.rc_context({"svg.hashsalt": "gan_eval"}):
        metadata = {"Date": None} if ending == "svg" else None
        chapter(trained).savefig(buffer, format=ending, dpi=120, metadata=metadata)
    # Only finished: what was there is replaced, or kept where the disk is full.
    with replacing(path, "wb") as file:
        file.write(buffer.getvalue())


def _both(*listeners: Callable[[EpochEnd], None]) -> OnEpoch:
    def hear(end: EpochEnd) -> None:
        for listener in listeners:
            listener(end)

    return hear
