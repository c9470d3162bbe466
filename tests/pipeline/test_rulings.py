"""What editors decide about an article, and what it does to the mails of readers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from digest.errors import NotFound
from digest.model.newsletter import Limits
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.planning import plan
from digest.pipeline.previewing.preview import preview
from digest.store.articles import find_article
from digest.store.rulings import lift_ruling, rulings_of, save_ruling
from tests.house import House
from tests.pipeline.people import ANNA, BEN, told
from tests.sink import Do, Sink

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def decide(house: House, kind: str, article_id: int, until: datetime | None = None, newsletter: str = "") -> int:
    """Return how many waiting mails are planned anew."""
    with house.engine.begin() as connection:
        ruling = Ruling(article_id, RulingKind(kind), newsletter, until, "Eva", house.clock.now())
        return save_ruling(connection, ruling)


def reasons(house: House, address: str) -> dict[int, str]:
    """Return article -> why it is in, or out."""
    shown = preview(house.installation, "daily", address, at=house.clock.now()).as_json()
    return {each["article_id"]: each["reason"] for each in [*shown["articles"], *shown["left_out"]]}


def test_a_pinned_article_leads_whatever_the_reader_follows_and_comes_once(house: House, sink: Sink):
    """Also to who joined long after it was collected; never to who muted its topic."""
    house.reader(ANNA, topics="trade")
    house.reader(BEN, topics="trade", muted="sport")
    pinned = house.article("sport", "Football for all", at=house.clock.now() - 10 * DAY)
    house.article("trade", "Tariff one")
    decide(house, "pin", pinned)
    assert reasons(house, ANNA)[pinned] == "pinned"
    assert reasons(house, BEN)[pinned] == "muted"
    house.send(sink)
    house.move(days=1)
    house.article("trade", "Tariff two")
    house.send(sink)

    assert {who: told(house, sink, who) for who in (ANNA, BEN)} == {
        ANNA: [["Football for all", "Tariff one"], ["Tariff two"]],
        BEN: [["Tariff one"], ["Tariff two"]],
    }
    assert "Chosen by the editors for every reader" in sink.mails[0].text + sink.mails[1].text
    assert reasons(house, ANNA)[pinned] == "already_shown"


def test_a_pinned_article_makes_no_mail_by_itself_unless_the_newsletter_says_so(house: House):
    """With nothing of the reader's own it waits."""
    house.reader(ANNA, topics="trade")
    pinned = house.article("sport")
    decide(house, "pin", pinned)

    assert reasons(house, ANNA) == {pinned: "nothing_beside"}


@pytest.mark.parametrize(("kind", "reason"), [("exclude", "excluded"), ("embargo", "embargoed"), ("expire", "expired")])
def test_what_editors_keep_out_leaves_mails_that_wait(house: House, sink: Sink, kind: str, reason: str):
    """The rows are planned anew, with the next plan number; the other articles come."""
    house.reader(ANNA, topics="trade")
    out = house.article("trade", "Tariff out")
    house.article("trade", "Tariff in")
    house.plan()
    until = house.clock.now() + HOUR if kind == "embargo" else house.clock.now() if kind == "expire" else None

    assert decide(house, kind, out, until) == 1
    assert reasons(house, ANNA)[out] == reason
    house.dispatch(sink)
    assert told(house, sink) == [["Tariff in"]]
    assert house.rows("SELECT plan_no FROM deliveries") == [(2,)]


def test_a_mail_that_may_have_left_stays_as_it_is(house: House, sink: Sink):
    """In doubt it is sent once more, the same, whatever was decided since."""
    house.reader(ANNA, topics="trade")
    article = house.article("trade", "Tariff")
    sink.script = lambda _who, _number: Do.LOSE_REPLY
    house.send(sink)

    assert decide(house, "exclude", article) == 0


def test_an_embargo_ends_and_a_pin_ends(house: House, sink: Sink):
    """By the clock; nobody has to do anything."""
    house.reader(ANNA, topics="trade")
    held = house.article("trade", "Tariff held")
    lead = house.article("sport", "Football lead")
    decide(house, "embargo", held, house.clock.now() + 2 * HOUR)
    decide(house, "pin", lead, house.clock.now() + HOUR)
    assert reasons(house, ANNA) == {held: "embargoed", lead: "nothing_beside"}
    house.move(hours=2)

    assert reasons(house, ANNA) == {held: "interests", lead: "no_match"}


def test_an_expiry_to_come_reaches_mails_that_wait_when_it_comes(house: House, sink: Sink):
    """A mail that was deferred past it is planned anew without the article."""
    house.reader(ANNA, topics="trade")
    brief = house.article("trade", "Tariff today")
    house.article("trade", "Tariff always")
    assert decide(house, "expire", brief, house.clock.now() + HOUR) == 0
    sink.script = lambda _who, number: Do.LATER if number == 1 else Do.TAKE
    house.send(sink)
    house.move(hours=2)
    house.plan(who=plan.Who.DUE)
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff always"]]


def test_a_ruling_for_one_newsletter_leaves_the_others_alone(house: House):
    """An article pinned by name comes whatever the newsletter's sources are."""
    house.newsletter("daily", sources=("wire",))
    house.newsletter("weekly")
    for slug in ("daily", "weekly"):
        house.reader(ANNA, slug, topics="trade")
    own = house.article("trade", "Tariff of the wire", source="wire")
    other = house.article("trade", "Tariff of another", source="desk")
    decide(house, "exclude", own, newsletter="weekly")
    assert reasons(house, ANNA) == {own: "interests", other: "other_source"}
    decide(house, "pin", other, newsletter="daily")

    assert reasons(house, ANNA) == {own: "interests", other: "pinned"}
    weekly = preview(house.installation, "weekly", ANNA, at=house.clock.now()).as_json()
    assert [each["reason"] for each in weekly["left_out"]] == ["excluded"]


def test_pins_take_places_and_never_more_than_there_are(house: House):
    """Two places, three pins: the third waits, as what the reader follows does."""
    house.newsletter(limits=Limits(max_items=2))
    house.reader(ANNA, topics="trade")
    pins = [house.article("sport", f"Football {n}") for n in range(3)]
    own = house.article("trade")
    for each in pins:
        decide(house, "pin", each)

    assert sorted(reasons(house, ANNA).values()) == ["over_limit", "over_limit", "pinned", "pinned"]
    assert reasons(house, ANNA)[own] == "over_limit"


def test_what_is_ruled_out_while_it_is_planned_is_in_no_mail(house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """The pool had been read; before the rows are written it is looked at again."""
    house.reader(ANNA, topics="trade")
    out = house.article("trade", "Tariff out")
    house.article("trade", "Tariff in")
    write = plan.write_cohorts

    def interfere(*args, **more):
        if not house.rows("SELECT 1 FROM rulings"):
            decide(house, "exclude", out)
        return write(*args, **more)

    monkeypatch.setattr(plan, "write_cohorts", interfere)
    house.send(sink)

    assert told(house, sink) == [["Tariff in"]]


def test_a_decision_is_on_record_until_it_is_taken_back(house: House):
    """Who, when, until when; the last word of a kind counts, and the pool has another hash."""
    article = house.article("trade")
    decide(house, "pin", article)
    decide(house, "pin", article, house.clock.now() + HOUR)
    with house.engine.begin() as connection:
        (found,) = rulings_of(connection, article)
        assert (found.by, found.at, found.until) == ("Eva", house.clock.now(), house.clock.now() + HOUR)
        assert lift_ruling(connection, article, "", RulingKind.PIN, now=house.clock.now())
        assert not lift_ruling(connection, article, "", RulingKind.PIN, now=house.clock.now())
        assert rulings_of(connection, article) == []
        assert find_article(connection, article)

    with pytest.raises(NotFound, match="no article 99"):
        decide(house, "pin", 99)
    with pytest.raises(NotFound, match="no newsletter 'nope'"):
        decide(house, "pin", article, newsletter="nope")
