"""What can be shown about one reader: that they agreed, that they left, what they were told of each article."""

from __future__ import annotations

import pytest

from digest.errors import BadInput, NotFound
from digest.model.subscriber import EndedReason
from digest.pipeline.reading.leave import leave
from digest.pipeline.subscribers.evidence import evidence_of, version_of
from digest.store.articles import list_articles
from digest.store.engine import reading
from digest.store.reviews import record_review, reviews_of
from tests.house import House
from tests.sink import Sink

ANNA, BEN = "anna@example.net", "ben@example.net"
TOLD = "This content is AI-generated. Please check important facts."


@pytest.fixture
def sent(house: House, sink: Sink) -> House:
    """Give a house that has sent Anna an AI-generated article and one that nobody says anything about."""
    house.reader(ANNA, consent_source="form of 2026-11", consent_at="2026-11-01T10:00:00Z")
    house.move(hours=2)
    house.article("trade", "Tariff truce", disclaimer=TOLD, ai_generated=True)
    house.article("trade", "Tariff talks")
    house.send(sink)
    return house


def test_every_article_is_there_with_the_disclaimer_that_was_shown(sent: House):
    """Its wording, by a version that another wording does not have."""
    shown = {each["title"]: each for each in evidence_of(sent.installation, ANNA)["shown"]}

    assert shown["Tariff truce"]["ai_generated"] is True
    assert shown["Tariff truce"]["disclaimer"] == TOLD
    assert shown["Tariff truce"]["disclaimer_version"] == version_of(TOLD) != version_of(TOLD + "!")
    assert shown["Tariff truce"]["human_review"] is None
    assert (shown["Tariff talks"]["ai_generated"], shown["Tariff talks"]["disclaimer_version"]) == (None, "")


def review(house: House, title: str, by: str) -> None:
    """Let *by* read an article as it is now."""
    with house.engine.begin() as connection:
        (found,) = list_articles(connection, search=title, limit=1)
        record_review(connection, found.article_id, by, "", now=house.clock.now())


def test_who_had_reviewed_what_a_reader_was_shown_is_there(house: House, sink: Sink):
    """The last review before the mail; one that came later proves nothing about it, and an edit needs its own."""
    house.reader(ANNA)
    house.article("trade", "Tariff truce", disclaimer=TOLD, ai_generated=True, url="https://press.example.net/a")
    review(house, "Tariff truce", "Ira Glass")
    house.article("trade", "Tariff talks", ai_generated=True)
    house.move(hours=2)
    house.send(sink)
    house.move(hours=1)
    review(house, "Tariff talks", "Bo Late")
    house.article("trade", "Tariff truce", disclaimer=TOLD + "!", url="https://press.example.net/a")

    shown = {each["title"]: each["human_review"] for each in evidence_of(house.installation, ANNA)["shown"]}
    with reading(house.engine) as connection:
        (now,) = list_articles(connection, search="Tariff truce", limit=1)
        reviews = reviews_of(connection, [now.revision_id])
    assert shown == {"Tariff truce": {"by": "Ira Glass", "at": "2026-11-23T06:00:00+00:00"}, "Tariff talks": None}
    assert reviews == {}


def test_a_review_needs_a_person_and_an_article(house: House):
    """Nothing is put on record otherwise."""
    article = house.article()
    with house.engine.begin() as connection:
        with pytest.raises(BadInput):
            record_review(connection, article, "  ", "", now=house.clock.now())
        with pytest.raises(NotFound):
            record_review(connection, 999, "Ira Glass", "", now=house.clock.now())

    assert house.rows("SELECT COUNT(*) FROM reviews") == [(0,)]


def test_a_later_edit_does_not_change_what_was_shown(sent: House):
    """The revision that the mail was made of stays."""
    before = evidence_of(sent.installation, ANNA)["shown"]

    sent.article("trade", "Tariff truce", disclaimer="Checked by a person.", url="https://press.example.net/1")

    assert evidence_of(sent.installation, ANNA)["shown"] == before


def test_consent_and_withdrawal_are_there_with_time_and_way(sent: House):
    """And that nothing was begun after the withdrawal."""
    sent.move(days=1)
    tag = sent.links.leave(sent.subscription_id(ANNA)).rpartition("/")[2]
    leave(sent.installation, tag, EndedReason.ONE_CLICK, source="one-click POST (RFC 8058)")

    found = evidence_of(sent.installation, ANNA)

    assert [(each["event"], each["source"]) for each in found["consents"]] == [
        ("given", "form of 2026-11"), ("ended", "one-click POST (RFC 8058)"),
    ]  # fmt: skip
    (daily,) = found["newsletters"]
    assert daily["agreed_at"] == "2026-11-01T10:00:00+00:00"
    assert daily["withdrawn_at"] == sent.clock.now().isoformat()
    assert daily["mails_begun_after_withdrawal"] == 0
    assert daily["postal_address"] == "1 Example Street"


def test_another_readers_evidence_is_not_in_it(sent: House):
    """Nor is there any about nobody."""
    sent.reader(BEN)

    found = evidence_of(sent.installation, BEN)

    assert (found["shown"], found["reports"]) == ([], [])
    assert ANNA not in str(found)
    with pytest.raises(NotFound):
        evidence_of(sent.installation, "nobody@example.net")
