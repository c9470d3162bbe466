"""Every page as a picture: from a served installation with some weeks behind it, and from an empty one."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from digest.cli.demo import ARTICLES
from digest.cli.demo.thinking import think_aloud
from digest.model.staff import Role
from digest.pipeline.collecting.collect import read_paths, store_articles
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.planning.plan import Who
from digest.pipeline.staff.accounts import new_key
from digest.pipeline.staff.tally import tally
from digest.shipped import shipped_folder
from digest.store.newsletters import save_topics
from tests.browser.every_page import STAFF, fill, readers
from tests.browser.test_leaving import CHROMIUM, QUIET, served
from tests.house import VOCABULARY, House
from tests.sink import Do, Sink
from tests.web.staff.visiting import account, open_session

WIDTHS, SCHEMES = (360, 768, 1440), ("light", "dark")
DOOR = "/staff/sign-in"
_DAYS, _READERS = 9, 60
_ZONES = ("Asia/Seoul", "Europe/Berlin", "America/New_York", "UTC")
_DOMAINS = ("gmail.com", "naver.com", "example.org", "outlook.com")
_TOPICS = ("trade", "energy", "sport", "space")
#: What stands in docs/: its name, the page, width, scheme.
DOCS = (
    ("today", "/staff", 1280, "light"),
    ("preview", "/staff/preview?newsletter=daily&reader=ben%40example.org", 1280, "light"),
    ("deliveries", "/staff/deliveries?edition=daily%2F2026-12-02", 1280, "dark"),
    ("dashboard", "/staff/dashboard", 1280, "light"),
    ("preferences", "preferences", 390, "light"),
    ("subscribers", "/staff/subscribers", 1280, "dark"),
)


def live_through(house: House, sink: Sink) -> None:
    """Let two weeks pass with readers of every zone, mail servers of every mood and the demo's articles."""
    now = house.clock.now()
    apply_file(house.engine, shipped_folder("subscribers") / "example.toml", postal_address="", now=now)
    store_articles(house.engine, read_paths([ARTICLES], now=now).articles, source="", now=now)
    with house.engine.begin() as connection:
        save_topics(connection, VOCABULARY)  # under the names that the pages are known by
    fill(house, sink)
    house.readers(
        [
            {
                "email": f"reader{number}@{_DOMAINS[number % 4]}",
                "name": f"Reader {number}",
                "topics": "|".join({_TOPICS[number % 4], _TOPICS[number % 3]}),
                "timezone": _ZONES[number % 4],
                "locale": "ko" if number % 4 == 0 else "en",
            }
            for number in range(_READERS)
        ]
    )
    sink.script = lambda who, tries: (
        Do.NEVER if who.startswith("reader13") else Do.LATER if who.startswith("reader2") and tries < 2 else Do.TAKE
    )
    for day in range(_DAYS):
        house.move(days=1)
        for topic in _TOPICS:
            house.article(topic, disclaimer="This content is AI-generated." if day % 3 == 0 else "")
        house.plan(who=Who.DUE)
        house.dispatch(sink, connections=8)
        if day in (3, 8):
            house.leave(f"reader{day}@{_DOMAINS[day % 4]}")
    tally(house.installation)
    think_aloud(house.installation)
    house.dispatch(sink)


@contextmanager
def installation(kept: Path | None, *, empty: bool) -> Iterator[House]:
    """Give an installation with a mail server of its own; one in *kept* is lived through once."""
    with tempfile.TemporaryDirectory() as temporary, Sink() as sink:
        folder = kept if kept and not empty else Path(temporary)
        lived = folder / "lived"
        house = House(folder)
        if lived.exists():
            house.clock.at = datetime.fromisoformat(lived.read_text())
        elif not empty:
            live_through(house, sink)
            lived.write_text(house.clock.at.isoformat())
        yield house
        house.engine.dispose()


def take(browser: Any, house: House, folder: Path, pages: list[str], *, locale: str, begin: str) -> None:
    """Write a picture of each of *pages* into *folder*, at each width in each scheme, signed in but at the door."""
    base = house.installation.base_url
    key = new_key()
    open_session(house, key, account(house, Role.ADMIN))
    context = browser.new_context(locale=locale)
    page = context.new_page()
    for path in pages:
        context.add_cookies([{"name": "digest", "value": "" if path == DOOR else key, "url": base}])
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path if path.startswith("http") else f"{base}{path}")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                name = f"{begin}{short(path, base)}.{locale}.{width}.{scheme}.png"
                page.screenshot(path=folder / name, full_page=True)
    context.close()


def short(path: str, base: str) -> str:
    """Return a name for the picture of a page."""
    return re.sub(r"[^a-z0-9]+", "-", path.removeprefix(base).lower()).strip("-")[:50] or "home"


def take_for_docs(browser: Any, house: House, folder: Path) -> None:
    """Write the pictures that the documentation shows: what one sees first of each page."""
    key = new_key()
    open_session(house, key, account(house, Role.ADMIN))
    base = house.installation.base_url
    folder.mkdir(exist_ok=True)
    for name, path, width, scheme in DOCS:
        context = browser.new_context(color_scheme=scheme, locale="en", viewport={"width": width, "height": 800})
        context.add_cookies([{"name": "digest", "value": key, "url": base}])
        page = context.new_page()
        page.goto(house.links.preferences(1) if path == "preferences" else f"{base}{path}")
        page.wait_for_timeout(300)
        page.screenshot(path=folder / f"{name}.png")
        context.close()


def main() -> None:
    """Take the pictures, and say where they are."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?", help="where the pictures go")
    asked.add_argument("--only", default="", metavar="PART", help="pages with this in their address alone")
    asked.add_argument("--locale", default="en", choices=("en", "ko"))
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what was lived through there")
    asked.add_argument("--docs", action="store_true", help="the pictures of docs/pictures instead")
    given = asked.parse_args()
    if not CHROMIUM.exists():
        sys.exit(f"no browser at {CHROMIUM}; on Debian: apt install chromium fonts-noto-core fonts-noto-cjk")
    if given.folder is None and not given.docs:
        asked.error("name a folder, or say --docs")
    for empty in (False,) if given.docs else (False, True):
        # Playwright keeps an event loop running in its thread, and what an installation lives through needs its own.
        with installation(given.keep, empty=empty) as house, served(house):
            _take(given, house, empty=empty)


def _take(given: argparse.Namespace, house: House, *, empty: bool) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", *QUIET])
        if given.docs:
            take_for_docs(browser, house, Path(__file__).parents[1] / "docs" / "pictures")
        else:
            given.folder.mkdir(parents=True, exist_ok=True)
            first = [DOOR] if not empty else ["/", DOOR]
            staff = [f"/staff{each}" for each in STAFF if not (empty and re.search(r"/\d|\?|/trade|daily", each))]
            pages = [*first, *staff, *([] if empty else readers(house))]
            pages = [each for each in pages if given.only in each]
            take(browser, house, given.folder, pages, locale=given.locale, begin="empty-" if empty else "")
        browser.close()


if __name__ == "__main__":
    main()
