"""The check of the documentation's links finds what it has to find."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "check_links.py"
GOOD = '<p id="top"><a href="other.html#there">x</a> <a href="https://a.example/">y</a></p>'
OTHER = '<h1 id="there">x</h1><img src="drawing.svg">'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "other.html").write_text(OTHER)
    (tmp_path / "drawing.svg").write_text("<svg/>")
    return tmp_path


def check(folder):
    command = [sys.executable, SCRIPT, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_good_site_passes(site):
    assert check(site)[0] == 0


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<a href="nowhere.html">', "nowhere.html leads nowhere"),
        ('<a href="other.html#here">', "other.html#here has no such anchor"),
        ('<a href="#below">', "#below has no such anchor"),
        ('<img src="missing.png">', "missing.png leads nowhere"),
        ('<script src="https://a.example/x.js"></script>', "is loaded from the network"),
        ('<link rel="stylesheet" href="//a.example/x.css">', "is loaded from the network"),
    ],
)
def test_a_bad_link_is_found(site, page, said):
    (site / "bad.html").write_text(page)
    status, text = check(site)
    assert status == 1
    assert "bad.html: " in text
    assert said in text
    assert len(text.splitlines()) == 1


def test_fonts_from_elsewhere_are_found(site):
    (site / "x.css").write_text("@font-face { src: url('https://a.example/f.woff2'); }")
    assert check(site)[0] == 1


def test_a_folder_without_pages_does_not_pass(tmp_path):
    assert check(tmp_path)[0] == 1
