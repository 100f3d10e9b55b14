"""The film's page in a real browser: keyboard, play button, no request, and without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gan_eval as ge

from ...report.chromium import browser, console, needs_driver, show

pytestmark = needs_driver


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("film") / "gan.html"
    ge.train(ge.TrainingConfig(epochs=3, n_examples=100), backend="fused_cpu", plot=page)
    return page


def learned(driver: Any) -> str:
    return driver.find_element("css selector", '[data-path="learned"]').get_attribute("d")


def told(driver: Any) -> str:
    return driver.find_element("id", "film-told").text


def test_the_slider_moves_by_keys_and_the_button_plays(film: Path, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    with browser(tmp_path) as driver:
        show(driver, film, script=False)
        assert not driver.find_element("id", "film-controls").is_displayed()
        last = learned(driver)
        show(driver, film)
        assert learned(driver) == last
        slider = driver.find_element("id", "film-epoch")
        assert "epoch 3 of 3" in told(driver)
        slider.send_keys(Keys.LEFT)
        assert "epoch 2 of 3" in told(driver)
        assert learned(driver) != last
        assert slider.get_attribute("aria-valuetext") == told(driver)
        slider.send_keys(Keys.HOME)
        assert "before training" in told(driver)
        widths = driver.find_elements("css selector", "[data-clip]")
        assert {rect.get_attribute("width") for rect in widths} == {"0"}
        button = driver.find_element("id", "film-play")
        button.send_keys(Keys.ENTER)
        assert "Pause" in button.text
        WebDriverWait(driver, 30).until(lambda _: "Play" in button.text)
        assert learned(driver) == last
        assert console(driver) == []
