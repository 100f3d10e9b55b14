"""A film as one self-contained page: a slider over the epochs, and a button that plays them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gan_eval.judging.answer import headline
from gan_eval.pages import page as kit
from gan_eval.pages.blocks import Answer, Code, Moving, Section, Table, TableBlock
from gan_eval.pages.numbers import number, plural
from gan_eval.plots.chapter import points
from gan_eval.plots.film.frames import NOT_TOLD, Film
from gan_eval.plots.film.panels import Curves, Plane
from gan_eval.runtime.settings import to_toml

_HERE = Path(__file__).parent


def page(film: Film) -> str:
    """Write the page: its picture is that of the last epoch until the slider is moved."""
    config, seed = film.one.config, int(film.one.seeds[0])
    return kit.fill(
        title=f"A training as a film: {film.outcome}",
        name=f"gan_eval · seed {seed} · {plural(config.epochs, 'epoch')} by {film.one.backend}",
        question="What happens while this GAN trains?",
        answer=Answer(headline=_headline(film), sentences=(), moving=_moving(film)),
        sections=[
            Section("epochs", "Every epoch in numbers", [TableBlock(_table(film))], folded=True),
            Section("settings", "The settings", [_settings(film)], folded=True),
        ],
    )


def _headline(film: Film) -> str:
    # The copy puts a hundred columns, each by itself, in one place.
    return headline(film.row.to_frame().T.infer_objects().copy())


def _moving(film: Film) -> Moving:
    panels = [Plane(film), Curves(film, "losses"), Curves(film, film.by)]
    trace = {
        "told": [film.told(epoch) for epoch in film.frames],
        "paths": _joined(panels, "paths"),
        "clips": _joined(panels, "clips"),
        "dots": _joined(panels, "dots"),
        "labels": panels[0].labels,
    }
    html = kit.template(_HERE, "film.html.j2").render(
        headline=_headline(film),
        outcome=film.outcome,
        told=film.told(film.frames[-1]),
        note="" if film.discriminators is not None else NOT_TOLD,
        panels=[(panel.picture, panel.markup) for panel in panels],
        points=len(points(film.one)[1]),
        last=len(film.frames) - 1,
        trace=kit.in_script(json.dumps(trace, separators=(",", ":"))),
    )
    return Moving(Markup(html), _source("film.css"), _source("film.js"))


def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _table(film: Film) -> Table:
    shown = film.history.iloc[film.frames]
    columns = (film.by, "loss_D", "loss_G")
    numbers = shown[list(columns)].itertuples(index=False)
    rows = [(str(epoch), *map(number, of)) for epoch, of in zip(film.frames, numbers, strict=True)]
    exact = film.by == "kl"
    measure = "KL(q‖p), nats" if exact else "worth, real rows"
    title = f"{'KL' if exact else 'Worth'} and losses, epoch by epoch"
    return Table(title, ("epoch", measure, "loss of D", "loss of G"), rows, words=0)


def _settings(film: Film) -> Code:
    """Write how the training is had again: its settings, and the command."""
    seed = int(film.one.seeds[0])
    command = f"gan-eval train --config config.toml --seed {seed} --backend {film.one.backend}"
    return Code(
        f"The settings, as config.toml: `{command} --plot gan.html` makes this page again",
        to_toml(film.one.config.model_dump(mode="json")),
    )


def _joined(panels: list[Any], name: str) -> dict[str, Any]:
    return {key: value for panel in panels for key, value in getattr(panel, name).items()}
