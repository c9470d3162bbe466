"""A reader signs up, confirms, changes what they follow and leaves by one click, in a real browser."""

from __future__ import annotations

import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from digest.pipeline.tick import plan_due
from tests.browser.test_leaving import LOWEST_BUTTON, LOWEST_CONTRAST, browser, served  # noqa: F401  # a fixture
from tests.house import House
from tests.sink import Mail, Sink

NEW = "nora@example.org"


def mails(house: House, sink: Sink) -> list[Mail]:
    """Return every mail so far, after what is due was planned and sent."""
    plan_due(house.installation)
    # Playwright keeps an event loop running in this thread, and dispatch runs one of its own.
    with ThreadPoolExecutor(1) as other:
        other.submit(house.dispatch, sink).result()
    return sink.mails


def link(kind: str, mail: Mail) -> str:
    (found,) = set(re.findall(rf"http://127\.0\.0\.1:\d+/{kind}/[\w-]{{32}}(?![\w/-])", mail.text))
    return str(found)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_reader_signs_up_changes_interests_and_leaves_by_one_click(
    house: House,
    sink: Sink,
    browser: Any,  # noqa: F811
    scripts: bool,
) -> None:
    """From the sample to the last mail; the zone is guessed where scripts run, and typed where they do not."""
    house.article("space", "Satellite at dawn")
    house.article("trade", "Tariff on rope")
    with served(house):
        context = browser.new_context(java_script_enabled=scripts, timezone_id="Asia/Seoul", locale="en-GB")
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"{house.installation.base_url}/n/daily")
        assert page.get_by_label("Time zone").input_value() == ("Asia/Seoul" if scripts else "UTC")
        page.get_by_label("Time zone").fill("UTC")
        page.get_by_label("Space").check()
        page.get_by_role("button", name="Show a sample").click()
        page.get_by_role("heading", name="Satellite at dawn").wait_for()
        assert not page.get_by_text("Tariff on rope").count()
        page.get_by_label("Your mail address").fill(NEW)
        page.get_by_label("Your mail address").press("Enter")
        page.get_by_role("heading", name="Now look into your mailbox").wait_for()

        page.goto(link("c", mails(house, sink)[-1]))
        page.get_by_role("button", name="Yes, this is right").click()
        page.get_by_role("heading", name="You are subscribed to Daily.").wait_for()

        page.get_by_role("link", name="Preferences").click()
        topics = page.get_by_role("group", name="Topics", exact=True)
        topics.get_by_label("Space").uncheck()
        topics.get_by_label("Trade").check()
        page.get_by_role("button", name="Save").first.click()
        shown = page.get_by_role("region", name="Your next digest")
        shown.get_by_role("heading", name="Tariff on rope").wait_for()
        assert not shown.get_by_text("Satellite at dawn").count()

        house.move(hours=2)
        mail = mails(house, sink)[-1]
        assert "Tariff on rope" in mail.text
        assert "Satellite at dawn" not in mail.text
        leave = str(mail.parsed["List-Unsubscribe"]).partition(">")[0].removeprefix("<")
        with urllib.request.urlopen(leave, data=b"List-Unsubscribe=One-Click") as answer:
            assert answer.status == 200
        assert house.rows("SELECT state, ended_reason FROM subscriptions") == [("ended", "one_click")]
        assert wrong == []
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_up_page_fits_every_screen(house: House, browser: Any, scheme: str) -> None:  # noqa: F811
    """From 320 px on, in scripts of both directions; with errors and a sample on it."""
    house.article("space", "Satellite at dawn")
    with served(house):
        for locale in ("en", "ar", "de", "ko"):
            context = browser.new_context(color_scheme=scheme, locale=locale)
            page = context.new_page()
            page.goto(f"{house.installation.base_url}/n/daily")
            page.locator("button[value=sample]").click()
            for press in ("button[value=sample]", ".give button[value=join]"):
                page.locator(press).click()
                page.wait_for_load_state()
                assert page.evaluate(LOWEST_CONTRAST) >= 4.5, (locale, press)
                assert page.evaluate(LOWEST_BUTTON.replace("'button", "'button:not(.first)")) >= 44, (locale, press)
                for width in (320, 768, 1440):
                    page.set_viewport_size({"width": width, "height": 800})
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (locale, width)
            context.close()
