"""The page in a real browser: a control moves the sentence, the numbers and the ellipse to what the
grid has at that place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_eval.investigations.lab import Lab, figures, marks, words
from tests.report.chromium import browser, console, needs_driver, requests, show

pytestmark = needs_driver


@pytest.fixture(scope="module")
def page(small: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lab") / "lab.html"
    small.save(path)
    return path


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def text(driver: Any, selector: str) -> str:
    return driver.execute_script(
        "return document.querySelector(arguments[0]).textContent.trim()", selector
    )


def path(driver: Any, selector: str) -> str:
    script = "return document.querySelector(arguments[0]).getAttribute('d')"
    return driver.execute_script(script, selector)


def press(driver: Any, selector: str, position: int = 0) -> None:
    script = "document.querySelectorAll(arguments[0])[arguments[1]].click()"
    driver.execute_script(script, selector, position)


def assert_shows(driver: Any, lab: Lab, place: int) -> None:
    """The page shows a place in its sentence, its cards, its dots, its paths."""
    cell = lab.cells.iloc[place]
    assert text(driver, "#answer") == words.headline(lab, place)
    shown = driver.execute_script(
        "return [...document.querySelectorAll('.lab-cards li')].map(card => "
        "[card.querySelector('.value'), card.querySelector('.lab-interval')]"
        ".map(e => e.textContent.trim()))"
    )
    assert shown == [list(say(cell)) for say in (words.share, words.kl, words.worth)]
    assert text(driver, "#lab-verdicts") == words.verdicts(cell)
    drawn = {picture.identity: str(picture.svg) for picture in figures.pictures(lab, place)}
    for picture, mark in (
        *(("ellipses", name) for name in ("good", "typical", "bad")),
        *(("kl", "median"), ("kl", "band"), ("losses", "loss-D"), ("losses", "loss-G")),
    ):
        assert f'd="{path(driver, f"#lab-{picture} .{mark}")}"' in drawn[f"lab-{picture}"]
    dots = driver.execute_script(
        "return [...document.querySelectorAll('#lab-strip .dot')].map(dot => "
        "`<circle class=\"${dot.getAttribute('class')}\" cx=\"${dot.getAttribute('cx')}\" "
        "cy=\"${dot.getAttribute('cy')}\"`)"
    )
    assert len(dots) == lab.settings.replicates
    assert all(dot in drawn["lab-strip"] for dot in dots)


def test_controls_move_everything_to_the_right_place(driver: Any, small: Lab, page: Path) -> None:
    settings = small.settings
    show(driver, page)
    assert_shows(driver, small, settings.chapter)
    press(driver, "[name=lab-form]", 1)
    assert_shows(driver, small, settings.place(form=1))
    press(driver, "[name=lab-whitened]")
    press(driver, "[name=lab-rate_D]", 1)
    assert_shows(driver, small, settings.place(form=1, whitened=1, rate_D=1))
    rows = driver.execute_script(
        "return [...document.querySelectorAll('.lab-found tbody tr')].map(row => "
        "row.querySelector('button').textContent)"
    )
    tried = [settings.place(**chosen) for chosen in ({}, {"form": 1}, {"form": 1, "whitened": 1})]
    tried.append(settings.place(form=1, whitened=1, rate_D=1))
    best = sorted(tried, key=small.worth, reverse=True)
    assert rows == [words.setting(settings, place) for place in best]
    press(driver, ".lab-found tbody button")
    assert_shows(driver, small, best[0])
    press(driver, "#lab-chapter")
    assert_shows(driver, small, settings.chapter)
    assert console(driver) == []
    assert [url for url in requests(driver) if not url.startswith("file:")] == []


def test_a_pinned_setting_stays_in_the_pictures(driver: Any, small: Lab, page: Path) -> None:
    show(driver, page)
    assert path(driver, "#lab-ellipses .pin") == ""
    typical = path(driver, "#lab-ellipses .typical")
    press(driver, "#lab-pin")
    press(driver, "[name=lab-whitened]")
    assert path(driver, "#lab-ellipses .pin") == typical
    assert path(driver, "#lab-ellipses .typical") != typical
    assert words.setting(small.settings, small.settings.chapter) in text(driver, ".lab-pinned")
    worth = words.worth(small.cells.iloc[small.settings.chapter])[0]
    assert worth in text(driver, ".lab-cards li:nth-child(3) .lab-pin-note")
    press(driver, "#lab-chapter")
    press(driver, "#lab-pin")
    assert path(driver, "#lab-ellipses .pin") == ""


def test_the_slider_moves_the_ellipses(driver: Any, small: Lab, page: Path) -> None:
    show(driver, page)
    driver.execute_script(
        "const slider = document.querySelector('#lab-epoch'); slider.value = 2;"
        "slider.dispatchEvent(new Event('input'))"
    )
    there = marks.Marks.of(small, small.settings.chapter)
    box = next(
        picture.box
        for picture in figures.pictures(small, small.settings.chapter)
        if picture.identity == "lab-ellipses"
    )
    assert path(driver, "#lab-ellipses .typical") == marks.law(there.laws[1, 2], box)
    assert str(small.settings.law_epochs[2]) in text(driver, ".lab-slider output")


def test_the_keyboard_moves_a_control(driver: Any, small: Lab, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    show(driver, page)
    chosen = driver.find_element("css selector", "[name=lab-form]:checked")
    chosen.send_keys(Keys.ARROW_RIGHT)
    assert_shows(driver, small, small.settings.place(form=1))
    driver.find_element("css selector", "[name=lab-whitened]").send_keys(Keys.SPACE)
    assert_shows(driver, small, small.settings.place(form=1, whitened=1))


def test_without_scripts_it_shows_the_chapter_and_says_so(
    driver: Any, small: Lab, page: Path
) -> None:
    show(driver, page, script=False)
    still = driver.find_element("css selector", ".lab-still")
    assert still.is_displayed()
    said = driver.find_element("css selector", "#answer").text
    assert said.split() == words.headline(small, small.settings.chapter).split()
    assert driver.find_element("css selector", "#lab-ellipses .typical").get_attribute("d")
    assert not driver.find_element("css selector", "[name=lab-whitened]").is_enabled()
    show(driver, page)
    assert not driver.find_element("css selector", ".lab-still").is_displayed()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_sideways_scroll(driver: Any, page: Path, width: int) -> None:
    show(driver, page, width=width)
    driver.execute_script(
        "document.querySelector('#lab-pin').click();"
        "document.querySelectorAll('details').forEach(one => one.open = true)"
    )
    wide = driver.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible(driver: Any, page: Path, dark: bool) -> None:
    axe = pytest.importorskip("axe_core_python")
    show(driver, page, dark=dark)
    driver.execute_script(
        "document.querySelector('#lab-pin').click();"
        "document.querySelectorAll('details').forEach(one => one.open = true)"
    )
    driver.execute_script(Path(axe.__file__).with_name("axe.min.js").read_text("utf-8"))
    found = driver.execute_async_script("const done = arguments[0]; axe.run().then(done)")
    assert [one["id"] for one in found["violations"]] == []
