"""A real browser for the tests: headless Chromium by Selenium, which fetches nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")

needs_driver = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="Chromium or its chromedriver is not installed"
)

_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--window-size=1280,900",
)


@contextmanager
def browser(folder: Path) -> Iterator[Any]:
    """A driver whose downloads land in a folder; it has logs of the console and of requests."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*_ARGUMENTS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # With the driver's path, Selenium looks for none elsewhere.
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    connection: Any = driver.command_executor
    connection.client_config.timeout = 600  # seconds; a machine may be busy
    try:
        driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
        )
        yield driver
    finally:
        driver.quit()


def show(
    driver: Any, page: Path, *, width: int = 1280, dark: bool = False, script: bool = True
) -> None:
    """Open a page at a width, in a theme, with or without JavaScript."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    driver.get(page.as_uri())


def console(driver: Any) -> list[str]:
    """What the console has said since it was asked last, but of the browser's own pages."""
    said = [entry["message"] for entry in driver.get_log("browser")]
    return [message for message in said if not message.startswith("chrome")]


def requests(driver: Any) -> list[str]:
    """The addresses that were requested since it was asked last, by others than the browser's own
    pages, of which one is still loading when it has started."""
    found = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    sent = (entry["params"] for entry in found if entry["method"] == "Network.requestWillBeSent")
    return [
        one["request"]["url"]
        for one in sent
        if not one.get("documentURL", "").startswith(("chrome:", "chrome-untrusted:"))
    ]
