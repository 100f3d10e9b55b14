"""What a reader does with the page, in headless Chromium, by real events of mouse and keyboard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from .chromium import browser, console, needs_driver, requests, show
from .example_pages import page

pytestmark = needs_driver


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("browser")
    for name in ("one", "grid", "hostile"):
        (found / f"{name}.html").write_text(page(name), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def driver(folder: Path) -> Iterator[Any]:
    with browser(folder) as found:
        yield found


@pytest.fixture
def grid(driver: Any, folder: Path) -> Iterator[Any]:
    """The page of a grid, freshly opened; afterwards nothing has been said or requested."""
    yield from _opened(driver, folder / "grid.html")


@pytest.fixture
def one(driver: Any, folder: Path) -> Iterator[Any]:
    """The page of one configuration, whose slider stands unfolded."""
    yield from _opened(driver, folder / "one.html")


def _opened(driver: Any, page: Path) -> Iterator[Any]:
    requests(driver)
    console(driver)
    show(driver, page)
    yield driver
    assert console(driver) == []
    assert set(requests(driver)) == {page.as_uri()}


def _keys() -> Any:
    from selenium.webdriver.common.keys import Keys

    return Keys


def _css(driver: Any, selector: str) -> list[Any]:
    return driver.find_elements("css selector", selector)


def _open_all(driver: Any) -> None:
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")


# --- Tables -------------------------------------------------------------------------------------


def _table(driver: Any, section: str) -> tuple[list[Any], Any]:
    """The buttons of a section's first table, and what reads a column of its visible rows."""
    (table, *_) = _css(driver, f"#{section} table")

    def column(position: int) -> list[str]:
        return driver.execute_script(
            "return [...arguments[0].tBodies[0].rows].filter(r => !r.hidden)"
            ".map(r => r.cells[arguments[1]].textContent)",
            table,
            position,
        )

    return table.find_elements("css selector", "thead button"), column


def _sort_of(button: Any) -> str | None:
    return button.find_element("xpath", "..").get_attribute("aria-sort")


def test_a_click_sorts_by_numbers_a_second_turns_it_and_a_third_restores_it(grid: Any) -> None:
    _open_all(grid)
    buttons, column = _table(grid, "replicates")
    written = column(3)
    assert "∞" in written
    assert "–" in column(10)

    def number(text: str) -> float:
        mantissa, _, power = text.replace("−", "-").replace("∞", "inf").partition("\u00a0×\u00a010")
        raised = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
        return float(mantissa.replace("\u202f", "")) * 10.0 ** int(raised or 0)

    buttons[3].click()
    assert _sort_of(buttons[3]) == "ascending"
    assert column(3) == sorted(written, key=number)
    buttons[3].click()
    assert _sort_of(buttons[3]) == "descending"
    assert [number(t) for t in column(3)] == sorted(map(number, written), reverse=True)
    buttons[10].click()
    assert _sort_of(buttons[3]) is None
    known = [t for t in column(10) if t != "–"]
    assert column(10)[len(known) :] == ["–"] * (len(written) - len(known))
    assert [number(t) for t in known] == sorted(map(number, known))
    for _ in range(2):
        buttons[10].click()
    assert _sort_of(buttons[10]) is None
    assert column(3) == written


def test_enter_and_space_on_a_focused_head_sort(grid: Any) -> None:
    buttons, column = _table(grid, "spread")
    names = column(0)
    buttons[0].send_keys(_keys().ENTER)
    assert _sort_of(buttons[0]) == "ascending"
    assert column(0) == sorted(names)
    buttons[0].send_keys(_keys().SPACE)
    assert _sort_of(buttons[0]) == "descending"
    assert column(0) == sorted(names, reverse=True)


def test_typing_filters_rows_and_counts_them(grid: Any) -> None:
    _open_all(grid)
    (field, *_) = _css(grid, "#replicates .filter input")
    assert "All trainings" in field.get_attribute("aria-label")
    _, column = _table(grid, "replicates")
    total = len(column(0))
    field.click()
    field.send_keys("JAX converged")
    kept = list(zip(column(0), column(2), strict=True))
    assert 0 < len(kept) < total
    assert all("jax" in cell and verdict == "converged" for cell, verdict in kept)
    (said, *_) = _css(grid, "#replicates .filter output")
    assert said.text == f"{len(kept)} of {total} rows"
    field.send_keys(*[_keys().BACKSPACE] * 20)
    assert len(column(0)) == total
    assert said.text == ""


# --- The slider ---------------------------------------------------------------------------------


def _moved(driver: Any) -> tuple[str, list[str]]:
    """What the slider's table says of the first training's mean, and where its ellipses are."""
    (row, *_) = _css(driver, "#fig-epochs-1 tbody tr:nth-child(2) td")
    return row.text, [path.get_attribute("d") for path in _css(driver, "#fig-epochs-1 path.law")]


def test_the_arrow_keys_move_the_laws_over_epochs(one: Any) -> None:
    slider = _css(one, "#fig-epochs-1 input[type=range]")[0]
    assert slider.accessible_name == "Epoch"
    said = _css(one, "#fig-epochs-1 output")[0]
    assert said.text == "20 of 20"
    last = _moved(one)
    slider.send_keys(_keys().HOME)
    assert said.text == "0 of 20"
    assert slider.get_attribute("aria-valuetext") == "epoch 0"
    first = _moved(one)
    assert first[0] != last[0]
    assert all(a != b for a, b in zip(first[1], last[1], strict=True))
    slider.send_keys(_keys().ARROW_RIGHT)
    assert said.text == "1 of 20"
    slider.send_keys(_keys().END)
    assert _moved(one) == last


def test_a_drag_of_the_mouse_moves_them_too(one: Any) -> None:
    from selenium.webdriver import ActionChains

    slider = _css(one, "#fig-epochs-1 input[type=range]")[0]
    before = _moved(one)
    width = slider.size["width"]
    drag = ActionChains(one).move_to_element_with_offset(slider, width // 2 - 4, 0)
    drag.click_and_hold().move_by_offset(-width // 2, 0).release().perform()
    epoch = int(_css(one, "#fig-epochs-1 output")[0].text.split(" ")[0])
    assert 5 <= epoch <= 15
    assert _moved(one) != before


def test_the_script_draws_and_writes_the_last_epoch_as_the_page_was_written(
    driver: Any, folder: Path
) -> None:
    show(driver, folder / "one.html", script=False)
    read = "#fig-epochs-1 tbody"
    written, laws = _css(driver, read)[0].text, _moved(driver)[1]
    assert not _css(driver, "#fig-epochs-1 .slider")[0].is_displayed()
    show(driver, folder / "one.html")
    assert _css(driver, read)[0].text == written
    for drawn, before in zip(_moved(driver)[1], laws, strict=True):
        ours, theirs = ([float(n) for n in d.strip("MZ ").replace(" L", "").split()]
                        for d in (drawn, before))  # fmt: skip
        assert ours == pytest.approx(theirs, abs=0.02)


# --- The page as a whole ------------------------------------------------------------------------


def test_a_click_saves_the_csv_of_a_figure(grid: Any, folder: Path) -> None:
    link = _css(grid, "#fig-kl a.csv")[0]
    grid.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    saved = folder / "fig-kl.csv"
    end = time.monotonic() + 600
    while not saved.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert saved.read_text(encoding="utf-8").startswith("cell,seed,verdict,kl\n")
    # What a browser saves of the page itself is no request that leaves it.
    assert all(url.startswith(("file:", "data:text/csv")) for url in requests(grid))
    show(grid, folder / "grid.html")


def test_anchors_show_when_they_have_the_focus(grid: Any) -> None:
    anchor = _css(grid, "#spread .anchor")[0]
    anchor.send_keys("")
    assert float(anchor.value_of_css_property("opacity")) == 1
    anchor.send_keys(_keys().ENTER)
    assert grid.execute_script("return location.hash") == "#spread"


@pytest.mark.parametrize("name", ["grid", "hostile"])
def test_nothing_sticks_out_at_360_pixels(driver: Any, folder: Path, name: str) -> None:
    show(driver, folder / f"{name}.html", width=360)
    _open_all(driver)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 360
    wide = driver.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e =>"
        " !e.closest('.scroll, pre, svg, .skip') && e.getBoundingClientRect().right > 360.5)"
        ".map(e => e.tagName + '.' + e.className)"
    )
    assert wide == []
    assert console(driver) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_of_wcag_aa(driver: Any, folder: Path, theme: str) -> None:
    package = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    driver.set_script_timeout(500)  # seconds; a machine may be busy
    show(driver, folder / "grid.html", dark=theme == "dark")
    _open_all(driver)
    # One of many alike is enough, and what is drawn has its own test of colours.
    driver.execute_script(
        "for (const e of document.querySelectorAll("
        "'svg > g, tbody tr:nth-child(n + 3)')) e.remove()"
    )
    driver.execute_script((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(done)"
    )
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found["violations"]] == []
    checked = next(p for p in found["passes"] if p["id"] == "color-contrast")
    assert len(checked["nodes"]) > 50
