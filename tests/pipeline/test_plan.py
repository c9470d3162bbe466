"""Planning itself: once, in few statements, and right though articles and readers change meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from digest.model.article import ArticleState
from digest.pipeline.planning import plan
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.pipeline.previewing.rehearse import rehearse
from digest.pipeline.reading.subscribe import pause
from digest.store import cohorts
from digest.store.articles import set_state
from tests.house import House
from tests.pipeline.people import ANNA, BEN, CHO, DAN, choices, told
from tests.sink import Sink


def test_planning_a_slot_twice_is_planning_it_once(house: House):
    """Rows, digests and histories stay as they are."""
    house.readers([{"email": f"r{n}@example.org", "topics": ("trade", "sport")[n % 2]} for n in range(10)])
    house.article("trade")
    house.move(hours=2)
    house.plan()
    before = house.rows("SELECT * FROM deliveries ORDER BY id"), house.rows("SELECT COUNT(*) FROM digests")
    house.plan()
    house.plan(who=Who.DUE)
    house.plan(who=Who.EVERYONE)

    assert (house.rows("SELECT * FROM deliveries ORDER BY id"), house.rows("SELECT COUNT(*) FROM digests")) == before


def test_readers_whose_languages_come_to_one_share_a_mail(house: House, sink: Sink):
    """Frame, date, direction and subject are in that one language; what each of them chose stays stored."""
    house.newsletter(locale="de")
    chosen = {ANNA: "sw", BEN: "de", CHO: "pt-BR", DAN: "ar"}
    for address, locale in chosen.items():
        house.reader(address, locale=locale)
    house.article("trade")
    house.send(sink)
    said = {mail.recipient: mail.html for mail in sink.mails}

    assert {who: "".join(re.findall(r"<html lang.*?>", html)) for who, html in said.items()} == {
        **dict.fromkeys((ANNA, BEN, CHO), '<html lang="de" dir="ltr">'),
        DAN: '<html lang="ar" dir="rtl">',
    }
    for words in ("Sonntag, 22. November 2026", "Im Browser ansehen"):
        assert [words in said[who] for who in chosen] == [True, True, True, False], words
    assert sorted(house.rows("SELECT locale, COUNT(*) FROM digests GROUP BY locale")) == [("ar", 1), ("de", 1)]
    assert dict(house.rows("SELECT address, locale FROM subscribers")) == chosen


def test_a_planning_that_ends_half_way_is_taken_up_again(house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """Rows are written a few at a time; whoever had none yet gets theirs, and nobody is told anything twice."""
    monkeypatch.setattr(cohorts, "_ROWS_PER_WRITE", 2)
    house.readers([{"email": f"r{n}@example.org", "topics": ("trade", "energy")[n % 2]} for n in range(7)])
    house.article("trade")
    house.article("energy")
    house.move(hours=2)
    write, left = cohorts._write_rows, [1, 1]

    def write_or_fail(*args, **more):
        if not left:
            raise RuntimeError("the power went")
        left.pop()
        return write(*args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(cohorts, "_write_rows", write_or_fail)
        with pytest.raises(RuntimeError, match="power"):
            house.plan(who=Who.DUE)
    half = house.rows("SELECT COUNT(*) FROM deliveries")
    planned = house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert (half, planned.ready) == ([(4,)], 3)
    assert sorted(mail.recipient for mail in sink.mails) == [f"r{n}@example.org" for n in range(7)]
    assert set(house.states().values()) == {"sent"}


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let something happen once, when digests are composed and their rows are not yet written."""
    compose, left = plan._compose_part, [what]

    def compose_then(*args):
        made = compose(*args)
        if left:
            left.pop()()
        return made

    monkeypatch.setattr(plan, "_compose_part", compose_then)


def take_back(house: House, article_id: int) -> None:
    with house.engine.begin() as connection:
        set_state(connection, article_id, ArticleState.WITHDRAWN, now=house.clock.now())


def test_an_article_withdrawn_while_digests_are_composed_is_in_no_mail(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """Whoever was to get it is planned in the next round, from what is left."""
    house.reader(ANNA)
    house.reader(BEN, topics="energy")
    house.reader(CHO, topics="trade|energy")
    withdrawn = house.article("trade", "Tariff one")
    house.article("energy", "Solar one")
    meanwhile(monkeypatch, lambda: take_back(house, withdrawn))
    planned = house.plan()
    house.dispatch(sink)

    assert [told(house, sink, each) for each in (ANNA, BEN, CHO)] == [[], [["Solar one"]], [["Solar one"]]]
    assert house.states()[ANNA] == "skipped(nothing_new)"
    assert (planned.ready, dict(planned.skipped)) == (2, {"nothing_new": 1})


def test_an_article_withdrawn_while_a_mail_is_planned_anew_is_not_in_it(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """A mail that waits for a new plan gets it without the article, in the same send."""
    house.reader(ANNA)
    first = house.article("trade", "Tariff one")
    second = house.article("trade", "Tariff two")
    house.article("trade", "Tariff three")
    house.plan()
    take_back(house, first)
    meanwhile(monkeypatch, lambda: take_back(house, second))
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff three"]]


def test_an_article_edited_while_digests_are_composed_goes_out_as_corrected(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """An edit reaches whoever is not yet planned."""
    house.reader(ANNA)
    house.article("trade", "Tariff one", url="https://press.example.net/one")
    meanwhile(monkeypatch, lambda: house.article("trade", "Tariff one, corrected", url="https://press.example.net/one"))
    house.send(sink)

    assert told(house, sink) == [["Tariff one, corrected"]]


def test_a_plan_counts_the_readers_who_got_a_row(house: House, monkeypatch: pytest.MonkeyPatch):
    """Who leaves while digests are composed gets none, and is in no count."""
    house.readers([{"email": each, "topics": "trade"} for each in (ANNA, BEN, CHO)])
    house.reader(DAN, topics="sport")
    house.article("trade")
    meanwhile(monkeypatch, lambda: house.leave(BEN))
    planned = house.plan()

    assert (planned.ready, dict(planned.skipped)) == (2, {"nothing_new": 1})


def test_a_paused_edition_is_not_sent_until_it_goes_on(house: House, sink: Sink):
    """Nothing is lost meanwhile."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    house.change("UPDATE editions SET state = 'paused'")
    house.dispatch(sink)
    house.plan()
    before = len(sink.mails)
    house.change("UPDATE editions SET state = 'open'")
    house.dispatch(sink)

    assert (before, len(sink.mails)) == (0, 1)


@pytest.mark.parametrize("who", [Who.LATEST, Who.EVERYONE])
def test_a_rehearsal_says_what_a_send_does(house: House, who: Who):
    """By the same code; nothing is written. Also when yesterday's mail still waits."""
    house.reader(ANNA)
    house.reader(BEN, topics="sport")
    house.reader(CHO, topics="trade|energy")
    house.reader(DAN)
    house.article("trade", "Tariff one")
    house.plan()
    house.move(days=1)
    house.article("energy", "Solar one")
    pause(house.installation, choices(house, DAN), house.clock.now() + timedelta(days=2), source="test")
    before = house.dump()
    rehearsed = rehearse(house.installation, "daily", at=house.clock.now(), who=who)
    after = house.dump()
    planned = house.plan(who=who)

    assert after == before
    assert (sum(rehearsed.ready.values()), dict(rehearsed.skipped)) == (planned.ready, dict(planned.skipped))
    assert sum(rehearsed.ready.values()) == 2


@pytest.mark.parametrize("who", [Who.LATEST, Who.DUE])
def test_planning_takes_as_many_statements_for_a_thousand_readers_as_for_ten(tmp_path, who: Who):
    """One cohort costs the same however many are in it."""
    counts = []
    for number in (10, 1000):
        (tmp_path / str(number)).mkdir()
        house = House(tmp_path / str(number))
        house.newsletter()
        house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(number)])
        house.article("trade")
        house.move(hours=2)
        with house.statements() as seen:
            planned = house.plan(who=who)
        house.engine.dispose()
        assert planned.ready == number
        counts.append(len(seen))

    assert counts[0] == counts[1]
    assert counts[0] <= 100


def test_a_preview_shows_what_the_pending_mail_of_another_newsletter_leaves(house: House):
    """What daily is about to tell, weekly will not."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly", topics="trade|energy")
    house.article("trade", "Tariff one")
    house.article("energy", "Solar one")
    house.plan("daily")
    shown = preview(house.installation, "weekly", ANNA, at=house.clock.now())
    house.plan("weekly")
    (planned,) = house.log(edition="weekly")

    assert tuple(choice.article.article.title for choice in shown.selection.chosen) == planned.items == ("Solar one",)
