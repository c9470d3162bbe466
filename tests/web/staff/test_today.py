"""Today: what is held, and why; what fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.ruling import RulingKind
from digest.pipeline.editing.rule_article import rule_article
from tests.house import House
from tests.web.staff.test_pages import EVIL, harmless
from tests.web.staff.visiting import press


def held(client: TestClient) -> list[list[str]]:
    """Return the rows of the table of held articles."""
    rows = lxml_html.document_fromstring(client.get("/staff").text).xpath(
        "//section[@aria-labelledby='held']//tbody/tr"
    )
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td")] for row in rows]


def rule(house: House, article: int, kind: RulingKind, newsletter: str = "", **hours: Any) -> None:
    until = house.clock.now() + timedelta(**hours) if hours else None
    rule_article(house.installation, article, kind, newsletter, until=until, by="mina")


def test_held_articles_stand_there_with_the_reason_and_until_when(anna: House, admin: TestClient) -> None:
    """Who decided it, where it counts; what comes free first is first."""
    anna.newsletter()
    for title in ("Later", "Never", "Gone", "Soon", "Free"):
        anna.article("trade", title)
    rule(anna, 1, RulingKind.EMBARGO, hours=30)
    rule(anna, 2, RulingKind.EXCLUDE, "daily")
    rule(anna, 4, RulingKind.EXCLUDE, hours=1)
    rule(anna, 5, RulingKind.PIN)
    press(admin, "/staff/articles/3/withdraw", "/staff/articles/3")

    assert held(admin) == [
        ["Soon", "excluded mina", "all of them", "2026-11-23 07:00 UTC"],
        ["Later", "embargoed mina", "all of them", "2026-11-24 12:00 UTC"],
        ["Never", "excluded mina", "daily", "it is taken back"],
        ["Gone", "withdrawn", "all of them", "it is brought back"],
    ]
    assert 'href="/staff/articles/4"' in admin.get("/staff").text


def test_what_is_free_again_stands_there_no_more(anna: House, admin: TestClient) -> None:
    """Its time has come; an expiry is the other way round."""
    anna.article("trade", "Later")
    anna.article("trade", "Over")
    rule(anna, 1, RulingKind.EMBARGO, hours=2)
    rule(anna, 2, RulingKind.EXPIRE, hours=2)
    assert [row[0] for row in held(admin)] == ["Later"]
    anna.move(hours=2)

    assert held(admin) == [["Over", "no longer shown mina", "all of them", "it is taken back"]]


def test_with_nothing_held_it_says_so_and_no_title_does_harm(anna: House, admin: TestClient) -> None:
    """Titles are strangers' words."""
    assert "No article is held back." in admin.get("/staff").text
    anna.article("trade", EVIL)
    rule(anna, 1, RulingKind.EXCLUDE)

    assert len(held(admin)) == 1
    assert harmless(admin.get("/staff").text)
