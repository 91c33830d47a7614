"""The page in a real browser: light, dark and as narrow as a phone."""

import html as entities
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROBE = """<script>addEventListener("load", () => {
  const all = [...document.images];
  const card = document.querySelector(".verdicts div");
  if (card) card.firstChild.textContent = "runs/of_somebody_with_a_long_path/".repeat(4);
  document.body.dataset.probe = JSON.stringify({
    shown: all.filter(i => i.complete && i.naturalWidth > 0).length, images: all.length,
    page: document.documentElement.scrollWidth, window: innerWidth,
    cut: card ? card.scrollWidth > card.clientWidth : false,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
  });
});</script></body>"""


@pytest.fixture(scope="session")
def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    message = "needs chromium (apt install chromium)"
    if os.environ.get("CI"):
        pytest.fail(message)
    return pytest.skip(message)


def browse(chromium, folder, page, *flags):
    """Open a page; returns standard output and standard error (where the console goes)."""
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--enable-logging=stderr", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}",
            *flags, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


def console(errors):
    return [line for line in errors.splitlines() if ":CONSOLE" in line]


@pytest.mark.parametrize(
    ("size", "flags"),
    [((1280, 2400), ()), ((1280, 2400), ("--force-dark-mode",)), ((500, 2400), ())],
    ids=["light", "dark", "narrow"],
)
def test_the_page_is_shown(made, chromium, tmp_path, size, flags):
    picture = tmp_path / "page.png"
    window = f"--window-size={size[0]},{size[1]}"
    _, errors = browse(chromium, tmp_path, made.page, window, f"--screenshot={picture}", *flags)
    assert console(errors) == []
    image = Image.open(picture).convert("RGB")
    assert image.size == size
    colours = np.unique(np.asarray(image.resize((200, 400))).reshape(-1, 3), axis=0)
    assert len(colours) > 200
    corner = sum(image.getpixel((2, size[1] - 300))) / 3
    assert corner < 60 if flags else corner > 200

    probed = tmp_path / "probed.html"
    probed.write_text(made.html.replace("</body>", PROBE), encoding="utf-8")
    dom, _ = browse(chromium, tmp_path, probed, window, "--dump-dom", *flags)
    found = json.loads(entities.unescape(re.search(r'data-probe="([^"]+)"', dom)[1]))
    assert found["shown"] == found["images"] == len(made.images)
    assert found["page"] <= found["window"]  # tables and figures scroll, the page does not
    assert not found["cut"], "expected a long name to be wrapped in its card"
    assert found["dark"] == bool(flags)


def test_the_console_is_really_watched(chromium, tmp_path):
    page = tmp_path / "broken.html"
    page.write_text("<script>missing()</script>")
    _, errors = browse(chromium, tmp_path, page, "--dump-dom")
    assert "missing is not defined" in "".join(console(errors))
