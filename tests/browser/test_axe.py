"""axe-core finds nothing on any page that keeps people out, in light and dark; keys do what their list says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.pipeline.staff import chores
from tests.browser.every_page import STAFF, fill, readers
from tests.browser.test_leaving import browser, served  # noqa: F401  # a fixture
from tests.browser.test_staff import signed_in
from tests.house import House
from tests.sink import Sink

AXE = Path(sys.prefix) / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def axe() -> str:
    """Give the script; scripts/test brings it where npm is there."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm); scripts/test brings it")
    return AXE.read_text()


@pytest.fixture
def full(house: House, sink: Sink) -> Iterator[House]:
    """Give an installation in which every page has something to show."""
    fill(house, sink)
    yield house
    chores.run_chores(house.installation)


def found(page: Any, axe: str) -> list[str]:
    """Return what axe-core says of a page in both schemes (in the second only colours can differ), and if it scrolls."""
    page.evaluate(axe)
    page.emulate_media(color_scheme="light")
    how = "iframes: false, resultTypes: ['violations']"  # what is right it need not describe
    told = page.evaluate(f"axe.run(document, {{ {how} }}).then((found) => found.violations)")
    page.emulate_media(color_scheme="dark")
    only = f"axe.run(document, {{ {how}, runOnly: ['color-contrast'] }}).then((found) => found.violations)"
    told += page.evaluate(only)
    page.set_viewport_size({"width": 360, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth") > 360
    page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in told] + ["too wide for a phone"] * wide


def test_axe_finds_nothing_on_any_page(full: House, browser: Any, axe: str) -> None:  # noqa: F811
    """Staff's and readers'."""
    with served(full):
        context = browser.new_context(bypass_csp=True)  # to look at the page with a script that is not ours
        page = context.new_page()
        base = full.installation.base_url
        wrong = {}
        page.goto(f"{base}/staff/sign-in")
        wrong["sign-in"] = found(page, axe)
        signed_in(full, page)
        for path in (*(f"/staff{path}" for path in STAFF), *readers(full)):
            page.goto(path if path.startswith("http") else f"{base}{path}")
            wrong[path] = found(page, axe)
        context.close()

    assert {path: told for path, told in wrong.items() if told} == {}


def test_keys_do_what_their_list_says(full: House, browser: Any) -> None:  # noqa: F811
    """? shows it, / goes to the search field, Ctrl+S keeps; letters typed into a field stay letters."""
    with served(full):
        context = browser.new_context()
        page = context.new_page()
        signed_in(full, page)
        page.goto(f"{full.installation.base_url}/staff/topics/trade")
        page.keyboard.press("?")
        page.get_by_role("heading", name="Keyboard shortcuts").wait_for()
        page.keyboard.press("Escape")
        page.get_by_label("Keywords").fill("rope?")
        page.keyboard.press("Control+s")
        page.get_by_text("Kept: the next mails are chosen by it.").wait_for()
        page.goto(f"{full.installation.base_url}/staff/subscribers")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "c1"
        context.close()

    assert '"rope?"' in str(full.rows("SELECT spec FROM topics WHERE slug = 'trade'"))
