"""A reader leaves, comes back and chooses anew, in a real browser, from the links of a mail that was sent."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.pipeline.composing.links import Links
from digest.pipeline.previewing.preview import preview
from digest.pipeline.previewing.previewed import Preview
from tests.house import House
from tests.sink import Sink

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
READER = "mina@example.org"
LOCALES = ("en", "ko", "ja", "ar", "de")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a browser."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as player:
        started = player.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", *QUIET])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Give a page of a phone without scripts: the pages must do without."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@contextmanager
def served(house: House) -> Iterator[None]:
    """Answer the addresses of *house* on a free port of this machine; its mails are made for that address."""
    uvicorn = pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
    from digest.web.site import build_site

    config = uvicorn.Config(lambda: None, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    socket = config.bind_socket()
    address = f"http://127.0.0.1:{socket.getsockname()[1]}"
    house.installation = replace(house.installation, base_url=address)
    house.links = Links(address, house.installation.tokens)
    config.app = build_site(house.installation)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        socket.close()


def agreement(house: House) -> tuple[Any, ...]:
    (row,) = house.rows("SELECT state, ended_reason, send_at FROM subscriptions")
    return row


def tomorrow(house: House) -> Preview:
    return preview(house.installation, "daily", READER, at=house.move(days=1))


def titles_in(found: Preview) -> list[str]:
    return [each.article.article.title for each in found.made.selection.chosen]


def test_a_reader_leaves_by_a_mail_comes_back_and_gets_what_they_chose(house: House, sink: Sink, page: Any) -> None:
    """Nothing changes before the button; every change shows in the next preview; no page needs a script."""
    with served(house):
        house.reader(READER, topics="trade", name="Mina")
        house.article("trade", "Tariff on rope")
        house.move(hours=2)
        # Playwright keeps an event loop running in this thread, and dispatch runs one of its own.
        with ThreadPoolExecutor(1) as other:
            other.submit(house.send, sink).result()
        (mail,) = sink.mails
        (in_browser,) = set(re.findall(r"http://127\.0\.0\.1:\d+/v/[\w-]{32}", mail.text))
        wrong: list[str] = []
        page.on("requestfailed", lambda request: wrong.append(request.url))

        # From the mail to the page that asks.
        page.goto(in_browser)
        assert page.get_by_role("heading", name="Tariff on rope").is_visible()
        page.get_by_role("link", name="Unsubscribe", exact=True).click()
        page.wait_for_url("**/u/*")
        page.reload()
        assert agreement(house)[:2] == ("active", "")

        # The button leaves.
        page.get_by_role("button").click()
        page.get_by_role("heading", name="You are unsubscribed from Daily.").wait_for()
        assert agreement(house)[:2] == ("ended", "page")
        assert house.plan().ready == 0

        # Back again, from the preferences.
        page.get_by_role("link", name="Preferences").click()
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("status").wait_for()
        assert agreement(house)[:2] == ("active", "")

        # Other topics, another hour.
        house.article("space", "Satellite over the sea")
        house.article("trade", "Tariff on tar")
        daily = page.get_by_role("region", name="Daily")
        topics = daily.get_by_role("group", name="Topics", exact=True)
        topics.get_by_label("Trade").uncheck()
        topics.get_by_label("Space").check()
        page.get_by_label("Hour").fill("05:45")
        daily.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        assert topics.get_by_label("Space").is_checked()
        assert not topics.get_by_label("Trade").is_checked()
        assert page.get_by_label("Hour").input_value() == "05:45"
        assert agreement(house) == ("active", "", "05:45")

        # What would come now is what was chosen.
        shown = tomorrow(house)
        assert titles_in(shown) == ["Satellite over the sea"]
        assert f"{shown.slot_at:%H:%M}" == "05:45"
        assert wrong == []


def test_a_reader_pauses_until_a_day_and_resumes_before_it(house: House, page: Any) -> None:
    """A browser lets nobody choose a day that has begun."""
    with served(house):
        house.reader(READER, topics="trade")
        (row,) = house.rows("SELECT subscriber_id FROM subscriptions")
        page.goto(house.links.preferences(row[0]))

        assert page.get_by_label("Pause until").get_attribute("min") == "2026-11-24"
        page.get_by_label("Pause until").fill("2026-12-24")
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("Paused until Thursday, December 24, 2026").wait_for()
        assert agreement(house)[0] == "paused"

        page.get_by_role("button", name="Resume").click()
        page.get_by_role("status").wait_for()
        assert agreement(house)[0] == "active"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_every_screen_and_its_words_stand_out(house: House, browser: Any, scheme: str) -> None:
    """No sideways scrolling from 320 px on; buttons are 44 px high; contrast is at least 4.5:1."""
    with served(house):
        house.readers([{"email": f"{each}@example.org", "topics": "trade", "locale": each} for each in LOCALES])
        rows = house.rows("SELECT id, subscriber_id FROM subscriptions ORDER BY id")
        page = browser.new_page(color_scheme=scheme)

        for subscription_id, subscriber_id in rows:
            for address in (house.links.leave(subscription_id), house.links.preferences(subscriber_id)):
                page.goto(address)
                assert page.evaluate(LOWEST_BUTTON) >= 44, address
                assert page.evaluate(LOWEST_CONTRAST) >= 4.5, address
                for width in (320, 768, 1440):
                    page.set_viewport_size({"width": width, "height": 800})
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
        page.close()


LOWEST_BUTTON = "Math.min(...[...document.querySelectorAll('button, label.topic')].map(b => b.offsetHeight))"
LOWEST_CONTRAST = """
(() => {
  const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const c = parts(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
  };
  const spoken = [...document.body.querySelectorAll('*')].filter(
    e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  return Math.min(...spoken.map(e => {
    const [a, b] = [luminance(parts(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()
"""
