"""The page in a real browser: nothing sticks out on a narrow screen, nothing leaves the page."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .example_pages import page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# The report stands in a frame of 360 pixels, since Chromium's own window has a minimum width.
_WRAPPER = """<!DOCTYPE html><iframe id="frame" style="width:360px;height:800px;border:0"
srcdoc="{page}"></iframe><output></output><script>
const frame = document.getElementById("frame");
frame.onload = () => {{
  const root = frame.contentDocument;
  for (const fold of root.querySelectorAll("details")) fold.open = true;
  const wide = [...root.querySelectorAll("body *")].filter(e =>
    !e.closest(".scroll, pre, svg, .skip") && e.getBoundingClientRect().right > 360.5);
  document.querySelector("output").textContent = JSON.stringify({{
    width: root.documentElement.scrollWidth,
    wide: wide.map(e => e.tagName + "." + e.className),
    fetched: frame.contentWindow.performance.getEntriesByType("resource").length,
    headings: root.querySelectorAll("h2").length,
  }});
}};</script>"""


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def assert_fits_a_narrow_screen(page: str, folder: Path) -> int:
    """Hold a page to 360 pixels, no fetch and no message; gives its number of ``h2``."""
    wrapper = folder / "wrapper.html"
    wrapper.write_text(_WRAPPER.format(page=html.escape(page)), encoding="utf-8")
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", f"--user-data-dir={folder / 'profile'}"),
            *("--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"),
            wrapper.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    found = re.search(r"<output>(.*?)</output>", done.stdout)
    assert found is not None
    measured = json.loads(html.unescape(found[1]))
    assert measured["width"] <= 360
    assert measured["wide"] == []
    assert measured["fetched"] == 0
    assert "CONSOLE" not in done.stderr
    return measured["headings"]


@needs_chromium
@pytest.mark.parametrize("name", ["grid", "hostile", "ring", "ring hostile"])
def test_a_narrow_screen_needs_no_sideways_scroll(name: str, tmp_path: Path) -> None:
    assert assert_fits_a_narrow_screen(page(name), tmp_path) > 10
