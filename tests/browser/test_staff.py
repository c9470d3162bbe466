"""An editor's morning in a real browser: sign in, preview as a reader for tomorrow, follow a send, find a reply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from digest.model.staff import Role
from digest.pipeline.staff.accounts import put_user
from tests.browser.test_leaving import LOWEST_CONTRAST, browser, served  # noqa: F401  # a fixture
from tests.house import House
from tests.sink import Do, Sink

PASSWORD = "rope ladder at noon"
EVIL = "<img src=x onerror=alert(1)>"
TOMORROW = "2026-11-24T07:00"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:  # noqa: F811
    """Give a page on a desk, and take it as an error when a script that is not ours runs."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(10_000)
    opened = context.new_page()
    opened.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    yield opened
    context.close()


def signed_in(house: House, page: Any, role: Role = Role.ADMIN) -> None:
    put_user(house.installation, "mina", role, PASSWORD)
    page.goto(f"{house.installation.base_url}/staff")
    page.get_by_label("Name").fill("mina")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Today").wait_for()


def sent(house: House, sink: Sink) -> None:
    # Playwright keeps an event loop running in this thread, and dispatch runs one of its own.
    with ThreadPoolExecutor(1) as other:
        other.submit(house.dispatch, sink).result()


def test_an_admin_previews_for_tomorrow_follows_a_send_and_finds_a_reply(house: House, sink: Sink, page: Any) -> None:
    """From the sign-in page to the words that one mail server said about one address."""
    house.reader("mina@example.org", topics="trade", name="Mina", timezone="Asia/Seoul")
    house.readers([{"email": f"reader{n}@example.org", "topics": "trade"} for n in range(5)])
    house.article("trade", "Tariff on rope")
    house.article("sport", "Football in the rain")
    with served(house):
        signed_in(house, page)
        assert page.get_by_text("2026-11-24 07:00 Asia/Seoul").is_visible()

        # Preview as a reader for tomorrow 07:00, by half an address.
        page.get_by_role("navigation").get_by_role("link", name="Preview").click()
        page.get_by_label("Reader's address").fill("mina")
        page.get_by_label("When").fill(TOMORROW)
        page.get_by_role("button", name="Show the mail").click()
        page.get_by_role("link", name="mina@example.org").click()
        page.get_by_text("this reader's hour 2026-11-24 07:00 Asia/Seoul").wait_for()
        mail = page.frame_locator("iframe.mail")
        assert mail.get_by_role("heading", name="Tariff on rope").is_visible()
        assert page.get_by_text("Football in the rain").count() == 1  # left out, with its reason
        frame = page.frames[1]
        assert frame.evaluate("window.origin") == "null"
        page.get_by_role("link", name="Phone").click()
        assert page.locator("iframe.mail").bounding_box()["width"] == 390
        page.get_by_role("link", name="Plain text").click()
        assert "Tariff on rope" in page.locator("pre.source").inner_text()
        assert house.rows("SELECT COUNT(*) FROM deliveries") == [(0,)]

        # Follow a send: the page goes along by itself.
        sink.script = lambda recipient, _: Do.NEVER if recipient == "reader3@example.org" else Do.TAKE
        sink.never = f"550 5.1.1 no such mailbox {EVIL}"
        house.plan(at=house.move(hours=2))
        page.get_by_role("navigation").get_by_role("link", name="Editions").click()
        page.get_by_role("link", name="daily/2026-11-23").click()
        page.get_by_text("0 of 6 finished").wait_for()
        sent(house, sink)
        page.get_by_text("6 of 6 finished").wait_for()
        assert page.get_by_text("accepted by server").count() >= 1

        # One address, its delivery, the server's words.
        page.get_by_role("navigation").get_by_role("link", name="Delivery log").click()
        page.get_by_label("Address").fill("reader3@example.org")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("table").get_by_role("link").first.click()
        assert page.locator("pre.reply").inner_text() == f"550 5.1.1 no such mailbox {EVIL}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_staff_page_fits_every_screen_and_its_words_stand_out(house: House, browser: Any, scheme: str) -> None:  # noqa: F811
    """No sideways scrolling from 360 px on; contrast is at least 4.5:1; without a script too."""
    house.reader("mina@example.org", topics="trade", name="Mina")
    house.article("trade", "Tariff on rope " + "and-tar" * 30, disclaimer="This content is AI-generated.")
    house.plan(at=house.move(hours=2))
    paths = ("", "/subscribers", "/subscribers/1", "/editions", "/editions/1", "/editions/1/cancel", "/articles")
    more = (
        "/articles/1",
        "/deliveries?edition=1",
        "/deliveries/1",
        "/preview?newsletter=daily",
        "/nowhere",
        "/sign-in",
    )
    with served(house):
        context = browser.new_context(color_scheme=scheme, java_script_enabled=scheme == "light")
        page = context.new_page()
        signed_in(house, page)
        for path in (*paths, *more):
            page.goto(f"{house.installation.base_url}/staff{path}")
            assert page.evaluate(LOWEST_CONTRAST) >= 4.5, path
            for width in (360, 1440):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_is_previewed_in_the_scheme_that_was_asked_for(house: House, browser: Any, scheme: str) -> None:  # noqa: F811
    """Whatever the browser's own is."""
    house.article("trade", "Tariff on rope")
    with served(house):
        other = {"light": "dark", "dark": "light"}[scheme]
        page = browser.new_page(color_scheme=other)
        signed_in(house, page)
        page.goto(f"{house.installation.base_url}/staff/preview?newsletter=daily&scheme={scheme}")
        page.frame_locator("iframe.mail").get_by_role("heading", name="Tariff on rope").wait_for()
        ground = page.frames[1].evaluate("getComputedStyle(document.body).backgroundColor")
        page.close()

    assert (sum(int(each) for each in re.findall(r"\d+", ground)[:3]) > 400) is (scheme == "light")
