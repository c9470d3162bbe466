"""Who is due when, with what: each reader at their own hour, each story once, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from digest.model.article import ArticleState, RelatedLink
from digest.model.newsletter import Limits, Schedule
from digest.model.topic import Topic
from digest.pipeline import plan
from digest.pipeline.plan import Who
from digest.pipeline.preview import preview
from digest.pipeline.rehearse import rehearse
from digest.pipeline.subscribe import choose, pause, preferences_for, resume
from digest.store.articles import set_state
from digest.store.newsletters import save_topics
from tests.house import MONDAY, House, titles
from tests.sink import Do, Sink

ANNA, BEN, CHO, DAN = "anna@example.org", "ben@example.org", "cho@example.org", "dan@example.org"


def choices(house: House, address: str, newsletter: str = "daily"):
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    found = preferences_for(house.installation, house.links.preferences(row[0]).rpartition("/")[2])
    assert found is not None
    return next(each for each in found[1] if each.newsletter.slug == newsletter)


def told(house: House, sink: Sink, address: str = ANNA) -> list[list[str]]:
    return [titles(mail.html, house) for mail in sink.to(address)]


def test_each_reader_gets_the_mail_at_their_own_hour_and_zone(house: House, sink: Sink):
    """07:00 in Tokyo, in London at an own 09:30, in New York: three slots of one day, none of them early."""
    house.clock.at = datetime(2026, 11, 22, 20, tzinfo=UTC)
    house.article("trade")
    house.reader(CHO, timezone="Asia/Tokyo")
    house.reader(BEN, timezone="Europe/London", send_at="09:30")
    house.reader(DAN, timezone="America/New_York")
    got: dict[str, datetime] = {}
    for _ in range(100):
        house.move(minutes=15)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        for mail in sink.mails:
            got.setdefault(mail.recipient, house.clock.now())

    assert got == {
        CHO: datetime(2026, 11, 22, 22, tzinfo=UTC),
        BEN: datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        DAN: datetime(2026, 11, 23, 12, tzinfo=UTC),
    }
    assert len(sink.mails) == 3
    assert len(house.rows("SELECT id FROM editions")) == 1, "all of them are the edition of one local date"


def test_a_weekly_letter_goes_out_on_its_day_only(house: House, sink: Sink):
    """And takes what came all week."""
    house.newsletter("weekly", schedule=Schedule(days=(4,), at=time(8)))
    house.reader(ANNA, "weekly")
    house.move(hours=3)
    days = []
    for day in range(14):
        house.article("trade", f"Tariff {day:02}")
        house.plan("weekly", Who.DUE)
        house.dispatch(sink)
        days += [house.clock.now().strftime("%a")] * (len(sink.mails) - len(days))
        house.move(days=1)

    assert days == ["Fri", "Fri"]
    assert [len(each) for each in told(house, sink)] == [4, 7], "Friday's own comes after Friday's slot"


def test_planning_a_slot_twice_is_planning_it_once(house: House):
    """Rows, digests and histories stay as they are."""
    house.readers([{"email": f"r{n}@example.org", "topics": ("trade", "sport")[n % 2]} for n in range(10)])
    house.article("trade")
    house.move(hours=2)
    house.plan()
    before = house.rows("SELECT * FROM deliveries"), house.rows("SELECT COUNT(*) FROM digests")
    house.plan()
    house.plan(who=Who.DUE)
    house.plan(who=Who.EVERYONE)

    assert (house.rows("SELECT * FROM deliveries"), house.rows("SELECT COUNT(*) FROM digests")) == before


def test_days_that_were_missed_become_one_mail(house: House, sink: Sink):
    """Down for three days, back at ten: one mail with everything (C7)."""
    house.reader(ANNA)
    house.plan(who=Who.DUE)
    for day in range(3):
        house.article("trade", f"Tariff {day}")
        house.move(days=1)
    house.move(hours=4)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff 0", "Tariff 1", "Tariff 2"]]


def test_a_slot_that_is_much_too_late_is_missed_and_the_next_has_everything(house: House, sink: Sink):
    """Back at nine in the evening, fourteen hours late (C8); the log says so."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=15)
    house.plan(who=Who.DUE)
    missed = house.states()
    house.article("trade", "Tariff two")
    house.move(hours=11)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert missed == {ANNA: "skipped(missed)"}
    assert told(house, sink) == [["Tariff one", "Tariff two"]]


def test_a_person_can_send_what_the_tick_missed(house: House, sink: Sink):
    """`digest send` serves whoever was not served, for whatever reason."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=15)
    house.plan(who=Who.DUE)
    house.send(sink)

    assert told(house, sink) == [["Tariff one"]]


def test_who_joins_late_gets_what_came_in_the_last_days(house: House, sink: Sink):
    """Three days back, not the archive; and with the send that follows, not only tomorrow."""
    house.article("trade", "Tariff old", at=MONDAY - timedelta(days=5))
    house.article("trade", "Tariff young", at=MONDAY - timedelta(days=2))
    house.reader(BEN)
    house.send(sink)
    house.move(hours=3)
    house.reader(ANNA)
    house.send(sink)

    assert told(house, sink) == [["Tariff young"]]
    assert len(sink.to(BEN)) == 1


def test_a_newly_followed_topic_looks_back_too(house: House, sink: Sink):
    """The topic followed all along does not."""
    house.article("energy", "Solar old", at=MONDAY - timedelta(days=1))
    house.reader(ANNA)
    house.move(days=6)
    house.article("energy", "Solar young", at=house.clock.now() - timedelta(days=2))
    choose(house.installation, choices(house, ANNA), topics=["trade", "energy"], send_at="")
    house.article("trade", "Tariff young")
    house.send(sink)

    assert told(house, sink) == [["Solar young", "Tariff young"]]


def test_who_changes_interests_is_not_told_anything_twice(house: House, sink: Sink):
    """A story may suit both the old and the new interests."""
    house.reader(ANNA)
    house.article("trade", "Tariff on solar cells")
    house.send(sink)
    choose(house.installation, choices(house, ANNA), topics=["energy"], send_at="")
    house.article("energy", "Solar two")
    house.move(days=1)
    house.send(sink)

    assert told(house, sink) == [["Tariff on solar cells"], ["Solar two"]]


def test_who_pauses_is_skipped_and_gets_later_what_they_missed(house: House, sink: Sink):
    """The log has the reason for each day; the pause ends by itself."""
    house.reader(ANNA)
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=2), source="test")
    house.move(hours=2)
    for day in range(3):
        house.article("trade", f"Tariff {day}", at=house.clock.now() - timedelta(hours=3))
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        house.move(days=1)

    assert [f"{each.state} {each.reason}".strip() for each in house.log()] == [
        "sent",
        "skipped paused",
        "skipped paused",
    ]
    assert told(house, sink) == [["Tariff 0", "Tariff 1", "Tariff 2"]]


def test_who_resumes_on_the_same_day_is_served_by_the_next_send(house: House, sink: Sink):
    """They were skipped, not served."""
    house.reader(ANNA)
    house.article("trade")
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=9), source="test")
    house.send(sink)
    skipped = house.states()
    resume(house.installation, choices(house, ANNA), source="test")
    house.send(sink)

    assert (skipped, house.states()) == ({ANNA: "skipped(paused)"}, {ANNA: "sent"})


def test_who_has_nothing_new_is_skipped_with_the_reason_and_asked_again(house: House, sink: Sink):
    """An article that comes after the first send goes out with the second."""
    house.reader(ANNA, topics="sport")
    house.article("trade")
    house.send(sink)
    first = house.states()
    house.article("sport", "Football today")
    house.send(sink)

    assert (first, told(house, sink)) == ({ANNA: "skipped(nothing_new)"}, [["Football today"]])


def test_too_few_articles_wait(house: House, sink: Sink):
    """`min_items`: nothing is lost by waiting."""
    house.newsletter(limits=Limits(min_items=2))
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    first = house.states()
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)

    assert (first, told(house, sink)) == ({ANNA: "skipped(too_few)"}, [["Tariff one", "Tariff two"]])


def test_what_does_not_fit_is_counted_and_comes_with_the_next_mail(house: House, sink: Sink):
    """Three articles, two at a time."""
    house.newsletter(limits=Limits(max_items=2))
    house.reader(ANNA)
    for n in range(3):
        house.article("trade", f"Tariff {n}", at=MONDAY - timedelta(hours=9 - n))
    house.send(sink)
    house.move(days=1)
    house.send(sink)

    assert [len(each) for each in told(house, sink)] == [2, 1]
    assert len({title for mail in told(house, sink) for title in mail}) == 3
    assert "1 more article is waiting for the next digest." in sink.mails[0].text
    assert "waiting" not in sink.mails[1].text


def test_a_mail_that_would_be_clipped_drops_whole_articles_and_counts_them(house: House, sink: Sink):
    """The size is that of the HTML part as decoded; the rest comes with the next mail."""
    house.newsletter(limits=Limits(max_html_bytes=38_000))
    house.reader(ANNA)
    for n in range(6):
        house.article("trade", f"Tariff {n}", disclaimer="This was written by a machine. " * 60)
    for _ in range(4):
        house.send(sink)
        house.move(days=1)
    shown = told(house, sink)

    assert all(len(mail.html.encode()) <= 38_000 for mail in sink.mails)
    assert len(shown) > 1
    assert sorted(title for mail in shown for title in mail) == [f"Tariff {n}" for n in range(6)]
    assert f"{6 - len(shown[0])} more article" in sink.mails[0].text


def test_who_would_get_only_articles_that_are_too_large_is_skipped_for_that_reason(house: House, sink: Sink):
    """There is something new, so the log must not say that there is nothing."""
    house.newsletter(limits=Limits(max_html_bytes=20_000))
    house.reader(ANNA)
    house.reader(BEN, topics="sport")
    house.article("trade", disclaimer="This was written by a machine. " * 900)
    house.send(sink)

    assert house.states() == {ANNA: "skipped(too_large)", BEN: "skipped(nothing_new)"}
    assert preview(house.installation, "daily", ANNA, at=house.clock.now()).as_json()["skip"] == "too_large"


def test_the_least_size_that_a_newsletter_may_have_holds_an_article(house: House, sink: Sink):
    """A limit that is smaller than the frame would keep all mail back."""
    house.newsletter(limits=Limits(max_html_bytes=20_000))
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)

    assert told(house, sink) == [["Tariff one"]]


def test_who_comes_back_after_leaving_looks_back_as_a_new_reader_does(house: House, sink: Sink):
    """A few days, not to the day they left; who ends a pause gets all that was missed."""
    house.reader(ANNA)
    house.reader(BEN)
    house.leave(ANNA)
    pause(house.installation, choices(house, BEN), house.clock.now() + timedelta(days=30), source="test")
    house.move(hours=2)
    house.article("trade", "Tariff old")
    house.move(days=6)
    house.article("trade", "Tariff young")
    for reader in (ANNA, BEN):
        resume(house.installation, choices(house, reader), source="test")
    house.send(sink)

    assert (told(house, sink, ANNA), told(house, sink, BEN)) == ([["Tariff young"]], [["Tariff old", "Tariff young"]])


def test_an_edited_article_reaches_who_is_not_yet_planned(house: House, sink: Sink):
    """With its new text; who was told already is not told again."""
    house.reader(ANNA)
    house.article("trade", "Tariff one", url="https://press.example.net/one")
    house.send(sink)
    house.reader(BEN)
    house.article("trade", "Tariff one, corrected", url="https://press.example.net/one")
    house.send(sink)
    house.move(days=1)
    house.send(sink)

    assert (told(house, sink, ANNA), told(house, sink, BEN)) == ([[]], [["Tariff one, corrected"]])


def test_an_article_dated_back_comes_once_with_the_next_mail(house: House, sink: Sink):
    """Collected after the last mail, dated two days before it (C10)."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(days=1)
    house.article("trade", "Tariff old news", published_at=MONDAY - timedelta(days=2))
    house.send(sink)
    house.move(days=1)
    house.send(sink)

    assert told(house, sink) == [["Tariff one"], ["Tariff old news"]]


def test_two_newsletters_at_one_instant_do_not_tell_one_story(house: House, sink: Sink):
    """They are planned in the order of their names, each on what the one before will leave."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly", topics="trade|energy")
    house.article("trade", "Tariff one")
    house.article("energy", "Solar one")
    house.move(hours=2)
    for slug in ("daily", "weekly"):
        house.plan(slug, Who.DUE)
    house.dispatch(sink)

    assert sorted(told(house, sink)) == [["Solar one"], ["Tariff one"]]


def test_the_second_newsletter_tells_the_story_when_the_first_was_refused(house: House, sink: Sink):
    """It was planned on a history that never came."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly", topics="trade|energy")
    house.article("trade", "Tariff one")
    house.article("energy", "Solar one")
    sink.script = lambda _recipient, number: Do.NEVER_AT_DOT if number == 1 else Do.TAKE
    for slug in ("daily", "weekly"):
        house.plan(slug)
    house.dispatch(sink)

    assert told(house, sink) == [["Solar one", "Tariff one"]]


def test_a_late_slot_does_not_forget_what_a_send_by_hand_has_told(house: House, sink: Sink):
    """The slot's pool ends before the story was collected; the history keeps it."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly", topics="trade|energy")
    house.article("energy", "Solar one")
    house.move(hours=3)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.plan("weekly", Who.DUE)
    house.dispatch(sink)
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)

    assert told(house, sink) == [["Tariff one"], ["Solar one"], ["Tariff two"]]


def test_a_slot_from_before_midnight_does_not_tell_again_what_another_letter_was_done_with(house: House, sink: Sink):
    """After an outage alpha's planning comes first; by beta's earlier cut-off the story has not expired."""
    house.newsletter("alpha", schedule=Schedule(at=time(10)))
    house.newsletter("beta", schedule=Schedule(at=time(0)))
    for letter in ("alpha", "beta"):
        house.reader(ANNA, letter, topics="trade|energy")
    house.article("trade", "Tariff one", at=MONDAY + timedelta(hours=-1))
    house.send(sink, "beta")
    house.clock.at = MONDAY + timedelta(days=13, hours=8)
    for letter in ("alpha", "beta"):
        house.plan(letter, Who.DUE)
    house.dispatch(sink)
    house.article("energy", "Solar one")
    house.clock.at = MONDAY + timedelta(days=14, hours=4, minutes=1)
    for letter in ("alpha", "beta"):
        house.plan(letter, Who.DUE)
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff one"], ["Solar one"]]


def test_stories_told_days_ago_do_not_come_back_when_an_editor_lets_stories_live_longer(house: House, sink: Sink):
    """Three days of life become fourteen; what was told five days ago stays told."""
    house.newsletter(expires_after=timedelta(days=3))
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(days=4)
    house.article("trade", "Tariff two")
    house.send(sink)
    house.newsletter(expires_after=timedelta(days=14))
    house.move(days=1)
    house.article("trade", "Tariff three")
    house.send(sink)

    assert told(house, sink) == [["Tariff one"], ["Tariff two"], ["Tariff three"]]


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


def test_a_send_for_a_day_to_come_ends_no_pause(house: House, sink: Sink):
    """The pause is over by the clock, not by what a person asks to see planned."""
    house.reader(ANNA)
    house.article("trade")
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=5), source="test")
    house.plan(at=house.clock.now() + timedelta(days=7))
    house.dispatch(sink)

    assert (house.states(), sink.mails) == ({ANNA: "skipped(paused)"}, [])
    assert choices(house, ANNA).agreement.state == "paused"


def test_who_joins_after_a_slot_that_comes_too_late_has_missed_nothing(house: House):
    """The log speaks of those who were readers then, and of those who had not just come back."""
    house.reader(ANNA)
    house.reader(CHO)
    house.leave(CHO)
    house.article("trade")
    house.move(hours=10)
    house.reader(BEN)
    resume(house.installation, choices(house, CHO), source="test")
    house.move(hours=5)
    planned = house.plan(who=Who.DUE)

    assert house.states() == {ANNA: "skipped(missed)"}
    assert dict(planned.skipped) == {"missed": 1}


def test_everyone_gets_todays_edition_before_their_hour_and_not_again_at_it(house: House, sink: Sink):
    """`send --everyone`; the tick finds nobody left."""
    house.reader(ANNA, send_at="22:00")
    house.article("trade")
    house.send(sink, who=Who.EVERYONE)
    house.move(hours=17)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert len(sink.mails) == 1


def test_who_moves_to_another_zone_gets_one_mail_a_day(house: House, sink: Sink):
    """The edition is that of the local date, wherever it is."""
    house.reader(ANNA, timezone="Asia/Tokyo")
    house.clock.at = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    house.article("trade")
    house.plan(who=Who.DUE)
    house.dispatch(sink)
    house.reader(ANNA, timezone="America/New_York")
    house.article("trade")
    house.clock.at = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert [each.state for each in house.log()] == ["sent"]


def test_a_child_of_a_topic_on_offer_is_told_to_who_follows_the_parent(house: House, sink: Sink):
    """Also where the newsletter offers the parent alone."""
    with house.engine.begin() as connection:
        save_topics(connection, [Topic("economy", "Economy"), Topic("trade", "Trade", ("tariff",), parent="economy")])
    house.newsletter(topics=("economy", "sport"))
    house.reader(ANNA, topics="economy")
    house.article("trade", "Tariff one")
    house.send(sink)

    assert told(house, sink) == [["Tariff one"]]


def test_a_topic_that_is_no_longer_offered_is_not_told_but_still_muted(house: House, sink: Sink):
    """Narrowing the offer takes nothing from the reader's own wishes."""
    house.reader(ANNA, topics="trade|energy", muted="sport")
    house.newsletter(topics=("trade",))
    house.article("energy", "Solar one")
    house.article("trade", "Tariff on football")
    house.article("trade", "Tariff two")
    house.send(sink)

    assert told(house, sink) == [["Tariff two"]]


def test_a_related_entry_leads_to_the_article_we_know(house: House, sink: Sink):
    """And to nothing when we do not; never to an article of this mail."""
    house.reader(ANNA)
    house.article("sport", "Ports are full", deck="Why the ports are full.", url="https://press.example.net/ports")
    links = (RelatedLink("Why the ports are full"), RelatedLink("Nobody knows this"), RelatedLink("Tariff two"))
    house.article("trade", "Tariff one", related=links)
    house.article("trade", "Tariff two")
    house.send(sink)

    assert "https://press.example.net/ports" in sink.mails[0].html
    assert "Nobody knows this" in sink.mails[0].text


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
    assert counts[0] < 60


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


def test_an_article_of_another_source_is_not_for_this_newsletter(house: House, sink: Sink):
    """One that was added by hand is for all."""
    house.newsletter(sources=("wire",))
    house.reader(ANNA)
    house.article("trade", "Tariff of the wire", source="wire")
    house.article("trade", "Tariff of others", source="others")
    house.article("trade", "Tariff by hand")
    house.send(sink)

    assert told(house, sink) == [["Tariff by hand", "Tariff of the wire"]]
