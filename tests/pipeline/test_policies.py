"""What a newsletter does with too little, too much, and what comes too late."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from digest.model.newsletter import CutOff, Fallback, Limits, NothingNew, Overflow
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.store.rulings import save_ruling
from tests.house import House
from tests.pipeline.people import ANNA, BEN, told
from tests.sink import Sink

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("overflow", "said"),
    [(Overflow.COUNT, "There was no room for 2 more articles."), (Overflow.DROP, "")],
    ids=["count", "drop"],
)
def test_what_is_let_go_is_counted_as_shown_and_never_comes_back(
    house: House, sink: Sink, overflow: Overflow, said: str
):
    """The preview before it has the reason."""
    house.newsletter(limits=Limits(max_items=1, overflow=overflow))
    house.reader(ANNA, topics="trade")
    for n in range(3):
        house.article("trade", f"Tariff {n}")
    left_out = preview(house.installation, "daily", ANNA, at=house.clock.now()).as_json()["left_out"]
    for _ in range(3):
        house.send(sink)
        house.move(days=1)

    assert [each["reason"] for each in left_out] == ["counted" if said else "dropped"] * 2
    assert [len(each) for each in told(house, sink)] == [1]
    assert ("room" in sink.mails[0].text, said in sink.mails[0].text) == (bool(said), True)
    assert "waiting" not in sink.mails[0].text
    assert len(house.history(ANNA)) == 3


def test_what_gives_way_to_the_size_of_a_mail_is_let_go_with_the_rest(house: House, sink: Sink):
    """The newsletter drops what does not fit, whatever the reason."""
    house.newsletter(limits=Limits(max_html_bytes=26_000, overflow=Overflow.DROP))
    house.reader(ANNA, topics="trade")
    for n in range(6):
        house.article("trade", f"Tariff {n}", disclaimer="This was written by a machine. " * 60)
    for _ in range(2):
        house.send(sink)
        house.move(days=1)

    assert len(sink.mails) == 1
    assert 0 < len(told(house, sink)[0]) < 6
    assert len(house.history(ANNA)) == 6


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_a_short_mail_says_that_there_is_nothing_new(house: House, sink: Sink, locale: str):
    """Once an edition, in the reader's language; what comes later is told as if there had been none."""
    house.newsletter(nothing_new=NothingNew.NOTE)
    house.reader(ANNA, topics="trade", locale=locale)
    for _ in range(2):
        house.send(sink)
    house.article("trade", "Tariff one")
    house.move(days=1)
    house.send(sink)

    words = {"en": "There is nothing new for you this time.", "ko": "이번에는 새로운 소식이 없습니다."}[locale]
    assert [words in mail.text for mail in sink.mails] == [True, False]
    assert [words in mail.html for mail in sink.mails] == [True, False]
    assert told(house, sink) == [[], ["Tariff one"]]
    assert "Daily" in sink.mails[0].parsed["Subject"]


def test_too_few_articles_make_no_mail_and_wait(house: House, sink: Sink):
    """A mail that there is nothing new would not be true."""
    house.newsletter(nothing_new=NothingNew.NOTE, limits=Limits(min_items=2))
    house.reader(ANNA, topics="trade")
    house.article("trade")
    house.send(sink)

    assert house.states() == {ANNA: "skipped(too_few)"}
    assert sink.mails == []


def test_with_nothing_of_their_own_readers_get_what_suits_most_others(house: House, sink: Sink):
    """When the newsletter says so, and with that reason."""
    house.newsletter(fallback=Fallback.MOST_CHOSEN)
    house.reader(ANNA, topics="space")
    for n in range(3):
        house.reader(f"r{n}@example.org", topics="energy")
    house.reader(BEN, topics="sport")
    house.article("sport", "Football one")
    house.article("energy", "Solar one")
    house.send(sink)

    assert told(house, sink) == [["Solar one"]]
    assert "Chosen for many readers of Daily" in sink.to(ANNA)[0].text


def test_a_pinned_article_alone_makes_a_mail_where_the_newsletter_says_so(house: House, sink: Sink):
    """For who has nothing of their own."""
    house.newsletter(fallback=Fallback.PINNED)
    house.reader(ANNA, topics="trade")
    pinned = house.article("sport", "Football one")
    with house.engine.begin() as connection:
        save_ruling(connection, Ruling(pinned, RulingKind.PIN, "daily", None, "Eva", house.clock.now()))
    for _ in range(2):
        house.send(sink)
        house.move(days=1)

    assert told(house, sink) == [["Football one"]]


def test_what_comes_in_the_last_hour_waits_for_the_next_edition(house: House, sink: Sink):
    """A cut-off before each reader's slot; nothing of it is lost."""
    house.newsletter(cut_off=CutOff(before=HOUR))
    house.reader(ANNA, topics="trade")
    house.article("trade", "Tariff early", at=house.clock.now() - HOUR)
    house.article("trade", "Tariff late", at=house.clock.now() + HOUR / 2)
    for _ in range(2):
        house.clock.at = house.clock.at.replace(hour=7)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        house.move(days=1)

    assert told(house, sink) == [["Tariff early"], ["Tariff late"]]


def test_a_fixed_cut_off_is_one_pool_for_every_zone(house: House, sink: Sink):
    """Tokyo at 22:00 UTC, Berlin at 6:00: what is collected in between is for neither, and there is one pool."""
    house.clock.at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    house.newsletter(cut_off=CutOff(at=time(18), days_before=1))
    house.reader(ANNA, topics="trade", timezone="Asia/Tokyo")
    house.reader(BEN, topics="trade", timezone="Europe/Berlin")
    house.article("trade", "Tariff in time")
    house.article("trade", "Tariff too late", at=datetime(2026, 11, 23, 18, tzinfo=UTC))
    for hours in (10, 8):
        house.move(hours=hours)
        house.plan(who=Who.DUE)
        house.dispatch(sink)

    assert (told(house, sink, ANNA), told(house, sink, BEN)) == ([["Tariff in time"]], [["Tariff in time"]])
    assert house.rows("SELECT COUNT(DISTINCT pool_id), COUNT(*) FROM slots") == [(1, 2)]
    house.send(sink)
    assert len(sink.mails) == 2


@pytest.mark.parametrize("welcome", [True, False])
def test_a_new_reader_is_welcomed_with_the_best_of_the_look_back(house: House, sink: Sink, welcome: bool):
    """Once: the next mail is as everybody's. The preview shows it before."""
    house.newsletter(welcome=welcome, limits=Limits(max_items=1), freshness_half_life=6 * HOUR)
    house.reader(ANNA, topics="trade|energy")
    house.article("trade", "Tariff and exports: solar power grid", at=house.clock.now() - timedelta(days=2))
    house.article("trade", "Tariff today")
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())
    for _ in range(2):
        house.send(sink)
        house.move(days=1)
    best, latest = ["Tariff and exports: solar power grid"], ["Tariff today"]

    assert told(house, sink) == ([best, latest] if welcome else [latest, best])
    words = "Here is the best of the last few days to begin with."
    assert [words in mail.text for mail in sink.mails] == [welcome, False]
    assert (words in shown.text) is welcome
