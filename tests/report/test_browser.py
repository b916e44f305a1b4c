"""The HTML report in a real browser: with and without JavaScript, in light and dark, wide and narrow.

Where no Chromium is installed (Debian: ``apt-get install chromium``) pytest says that there is nothing to test with.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from leaklint.report import html_page
from leaklint.report.report import Report

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSERS = [path for path in map(shutil.which, NAMES) if path][:1]

PROBE = """<script>
addEventListener("load", function () {
  var box = document.querySelector("input[data-code=LK101]"), body = document.body;
  body.dataset.background = getComputedStyle(body).backgroundColor;
  body.dataset.ink = getComputedStyle(document.querySelector(".timeline text")).fill;
  body.dataset.overflow = document.documentElement.scrollWidth > innerWidth;
  body.dataset.before = document.getElementById("shown").textContent;
  box.click();
  body.dataset.without = document.getElementById("shown").textContent;
  box.click();
  var search = document.querySelector("input[type=search]");
  search.value = "notify callback";
  search.dispatchEvent(new Event("input", {bubbles: true}));
  body.dataset.searched = document.getElementById("shown").textContent;
});
</script>"""

LOOK = """<script>
addEventListener("load", function () {
  var articles = Array.from(document.querySelectorAll("article"));
  document.body.dataset.shown = articles.filter(function (each) { return each.offsetHeight > 100; }).length;
  document.body.dataset.filters = getComputedStyle(document.getElementById("filters")).display;
});
</script>"""


def opened(browser: str, page: str, folder: Path, *options: str) -> str:
    """The page as the browser has it after it was loaded."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
        *options,
    ]
    ended = subprocess.run(
        [*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout


@pytest.fixture
def page(sample: Report) -> str:
    """The report of the sample."""
    return html_page.render(
        sample, resources.files("leaklint.report").joinpath("page.html").read_text(encoding="utf-8")
    )


def noted(dom: str) -> dict[str, str]:
    """What the probe has noted on the body."""
    body = re.search(r"<body([^>]*)>", dom)
    assert body
    return dict(re.findall(r'data-(\w+)="([^"]*)"', body[1]))


def brightness(colour: str) -> float:
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("browser", BROWSERS)
def test_filters(browser: str, page: str, tmp_path: Path) -> None:
    found = noted(opened(browser, page.replace("</body>", f"{PROBE}</body>"), tmp_path))
    assert (found["before"], found["without"], found["searched"]) == ("5 of 5 shown", "4 of 5 shown", "1 of 5 shown")


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_light_and_dark(browser: str, page: str, tmp_path: Path, dark: bool) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    found = noted(opened(browser, page.replace("</body>", f"{PROBE}</body>"), tmp_path, scheme))
    paper, ink = brightness(found["background"]), brightness(found["ink"])
    assert paper < 64 if dark else paper > 192
    assert abs(paper - ink) > 125


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("columns", [500, 1400])
def test_nothing_sticks_out(browser: str, page: str, tmp_path: Path, columns: int) -> None:
    size = f"--window-size={columns},900"
    found = noted(opened(browser, page.replace("</body>", f"{PROBE}</body>"), tmp_path, size))
    assert found["overflow"] == "false"


@pytest.mark.parametrize("browser", BROWSERS)
def test_without_javascript_everything_is_there(browser: str, page: str, tmp_path: Path) -> None:
    # The browser that is asked for what it shows needs JavaScript itself, so the page's own script is taken out.
    bare = re.sub(r"<script>.*?</script>", LOOK, page, flags=re.DOTALL)
    found = noted(opened(browser, bare, tmp_path))
    assert (found["shown"], found["filters"]) == ("5", "none")
