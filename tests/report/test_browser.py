"""The HTML report in a real browser: with and without JavaScript, in light and dark, wide and narrow.

The browser is Chromium. ``sh .ci/browser`` installs Debian's, and ``make prove`` does so where it may; where there is
none, these tests are skipped and say so.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from leaklint.report import html_page
from leaklint.report.report import Report

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = Path(__file__).parents[2] / ".ci" / "browser"


def installed() -> str | None:
    """The path of a browser of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> str:
    """A browser; the full profile installs one where it may."""
    if installed() is None and os.environ.get("LEAKLINT_PROVE"):
        subprocess.run(["sh", INSTALL], capture_output=True, check=False, timeout=900)
    found = installed()
    if found is None:
        pytest.skip("no Chromium on this machine: `sh .ci/browser` installs Debian's, as root")
    return found


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

FRAMED = """<script>
addEventListener("load", function () {
  var inner = document.querySelector("iframe").contentDocument, picture = inner.querySelector(".timeline");
  document.body.dataset.wide = inner.documentElement.scrollWidth;
  document.body.dataset.letters = 13 * picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
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


def test_filters(browser: str, page: str, tmp_path: Path) -> None:
    found = noted(opened(browser, page.replace("</body>", f"{PROBE}</body>"), tmp_path))
    assert (found["before"], found["without"], found["searched"]) == ("5 of 5 shown", "4 of 5 shown", "1 of 5 shown")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_light_and_dark(browser: str, page: str, tmp_path: Path, dark: bool) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    found = noted(opened(browser, page.replace("</body>", f"{PROBE}</body>"), tmp_path, scheme))
    paper, ink = brightness(found["background"]), brightness(found["ink"])
    assert paper < 64 if dark else paper > 192
    assert abs(paper - ink) > 125


@pytest.mark.parametrize("columns", [360, 430, 1400])
def test_nothing_sticks_out(browser: str, page: str, tmp_path: Path, columns: int) -> None:
    # A window has a least width, a frame has none.
    frame = f'<iframe style="width:{columns}px;height:900px;border:0" srcdoc="{html.escape(page)}"></iframe>'
    found = noted(opened(browser, f"<!doctype html><body>{frame}{FRAMED}</body>", tmp_path, "--window-size=1500,900"))
    assert int(found["wide"]) <= columns
    # Letters of the timeline, as large as they are drawn.
    assert float(found["letters"]) >= 8


def test_without_javascript_everything_is_there(browser: str, page: str, tmp_path: Path) -> None:
    # The browser that is asked for what it shows needs JavaScript itself, so the page's own script is taken out.
    bare = re.sub(r"<script>.*?</script>", LOOK, page, flags=re.DOTALL)
    found = noted(opened(browser, bare, tmp_path))
    assert (found["shown"], found["filters"]) == ("5", "none")


def test_a_link_unfolds_the_page_of_the_rule(browser: str, page: str, tmp_path: Path) -> None:
    probe = """<script>
addEventListener("load", function () {
  document.querySelector("a.said[href='#LK101']").click();
  setTimeout(function () {
    document.body.dataset.height = document.getElementById("LK101").offsetHeight;
  }, 50);
});
</script>"""
    found = noted(opened(browser, page.replace("</body>", f"{probe}</body>"), tmp_path, "--virtual-time-budget=2000"))
    assert int(found["height"]) > 100
