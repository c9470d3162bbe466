"""Which stories a reader is told: each once, none lost, whatever happened before."""

from __future__ import annotations

from datetime import time, timedelta

from digest.model.article import RelatedLink
from digest.model.newsletter import Limits, Schedule
from digest.model.topic import Topic
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.pipeline.reading.subscribe import choose, pause, resume
from digest.store.newsletters import save_topics
from tests.house import MONDAY, House
from tests.pipeline.people import ANNA, BEN, choices, told
from tests.sink import Do, Sink


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
    house.newsletter(limits=Limits(max_html_bytes=26_000))
    house.reader(ANNA)
    for n in range(6):
        house.article("trade", f"Tariff {n}", disclaimer="This was written by a machine. " * 60)
    for _ in range(4):
        house.send(sink)
        house.move(days=1)
    shown = told(house, sink)

    assert all(len(mail.html.encode()) <= 26_000 for mail in sink.mails)
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


def test_an_article_of_another_source_is_not_for_this_newsletter(house: House, sink: Sink):
    """One that was added by hand is for all."""
    house.newsletter(sources=("wire",))
    house.reader(ANNA)
    house.article("trade", "Tariff of the wire", source="wire")
    house.article("trade", "Tariff of others", source="others")
    house.article("trade", "Tariff by hand")
    house.send(sink)

    assert told(house, sink) == [["Tariff by hand", "Tariff of the wire"]]
