"""axe-core finds nothing on any page that keeps people out, in light and dark; keys do what their list says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from digest.pipeline import chores
from digest.pipeline.change_readers import Change, ask_for_change
from digest.pipeline.edit_templates import save_draft
from digest.pipeline.import_chore import bring_file
from digest.pipeline.reader_changes import Action
from digest.pipeline.suppress_address import suppress_address
from digest.pipeline.tally import tally
from digest.pipeline.watch import watch
from digest.store import thoughts
from tests.browser.test_leaving import browser, served  # noqa: F401  # a fixture
from tests.browser.test_staff import signed_in
from tests.house import House
from tests.pipeline.happenings import add, event, stream
from tests.sink import Sink

AXE = Path(sys.prefix) / "node_modules" / "axe-core" / "axe.min.js"
MINA = "mina@example.org"
STAFF = (
    *("", "/dashboard", "/subscribers", "/subscribers?c1=domain-is&v1=example.org", "/subscribers/1", "/changes"),
    *("/changes/1", "/import", "/imports/2", f"/suppressions?address={MINA}", "/topics", "/topics/trade", "/editions"),
    *("/editions/1", "/editions/1/cancel", "/preview?newsletter=daily", "/articles", "/articles/1", "/sources"),
    *("/streams", "/windows", "/events", "/subscribers/1/events", "/thoughts"),
    *("/alerts", "/templates", "/templates/digest", "/templates/digest/compare?old=0&new=1"),
    *("/deliveries", "/deliveries/1", "/schedules", "/relays", "/users", "/audit", "/account", "/nowhere"),
)


@pytest.fixture
def axe() -> str:
    """Give the script; scripts/test brings it where npm is there."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm); scripts/test brings it")
    return AXE.read_text()


@pytest.fixture
def full(house: House, sink: Sink) -> Iterator[House]:
    """Give an installation in which every page has something to show."""
    house.reader(MINA, topics="trade", name="Mina", timezone="Asia/Seoul")
    house.reader("ben@example.org")
    house.article("trade", "Tariff on rope", disclaimer="This content is AI-generated.")
    house.plan(at=house.move(hours=2))
    with ThreadPoolExecutor(1) as other:
        other.submit(house.dispatch, sink).result()
    house.move(minutes=3)
    tally(house.installation)
    house.change(
        "INSERT INTO sources (slug, kind, location, spec, next_visit_at, last_error) VALUES ('wire', 'feed', 'x', '{}', 0, '404')"
    )
    ask_for_change(house.installation, "mina", Change(Action.PAUSE), ids=[1, 2])
    bring_file(
        house.installation, "mina", iter([b"Mail,Shoes\na@example.org,44\n"]), file="list.csv", newsletter="daily"
    )
    save_draft(house.installation, "digest", {"subject.txt": "{{ digest.date }}"}, based_on=0, by="mina")
    watch(house.installation, free=lambda _folder: (0, 1))
    suppress_address(house.installation, "mina", "nobody@example.net", "a trap")
    stream(house)
    house.reader(MINA, "comments", topics="")
    add(house, event("tea", MINA), event("cake", MINA, on="cake"))
    with house.engine.begin() as connection:
        thoughts.add(connection, article_id=1, subscriber_id=1, name="Mina", words="Well said.", now=house.clock.now())
    yield house
    chores.run_chores(house.installation)


def found(page: Any, axe: str) -> list[str]:
    """Return what axe-core says of a page in both schemes (in the second only colours can differ), and if it scrolls."""
    page.evaluate(axe)
    page.emulate_media(color_scheme="light")
    told = page.evaluate("axe.run(document, { iframes: false })")["violations"]
    page.emulate_media(color_scheme="dark")
    only = "axe.run(document, { iframes: false, runOnly: ['color-contrast'] })"
    told += page.evaluate(only)["violations"]
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
        readers = ["/", "/n/daily", full.links.preferences(1), full.links.leave(full.subscription_id(MINA)), "/nowhere"]
        wrong = {}
        page.goto(f"{base}/staff/sign-in")
        wrong["sign-in"] = found(page, axe)
        signed_in(full, page)
        for path in (*(f"/staff{path}" for path in STAFF), *readers):
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
