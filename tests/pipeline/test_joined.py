"""Several newsletters in one mail: what readers get who want them together, and events with a newsletter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest

from digest.model.article import ArticleState
from digest.model.newsletter import ApprovalRule, CutOff, Limits, NothingNew, Schedule
from digest.model.note import NoteKind
from digest.model.stream import Way
from digest.pipeline.editing.write_note import write_note
from digest.pipeline.joining.together import choose_together
from digest.pipeline.planning.hold_edition import cancel_edition, pause_edition
from digest.pipeline.previewing.view import mail_page
from digest.pipeline.reading.notifying import choose_way
from digest.pipeline.tick import plan_due
from digest.store.articles import set_state
from tests.house import House, titles
from tests.pipeline.happenings import add, event, fates, stream
from tests.pipeline.people import choices
from tests.sink import Do, Sink

ANN, BEN = "ann@example.org", "ben@example.org"
NINE = Schedule(at=time(9, 0))
SEVEN = Schedule()


def reader_id(house: House, address: str = ANN) -> int:
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    return int(row[0])


def two_letters(house: House, schedule: Schedule = NINE, **beta: object) -> None:
    """Alpha comes at 07:00, beta at 09:00 unless it is said otherwise; Ann has both, and wants them together."""
    house.newsletter("alpha")
    house.newsletter("beta", schedule=schedule, **beta)
    house.reader(ANN, "alpha")
    house.reader(ANN, "beta", topics="energy")
    choose_together(house.installation, reader_id(house), wanted=True)


def tick(house: House, sink: Sink, *hours: float) -> None:
    """Let the hours pass, each with a tick at its end."""
    for each in hours or (0.0,):
        house.move(hours=each)
        plan_due(house.installation)
        house.dispatch(sink)


def told(house: House, sink: Sink, address: str = ANN) -> list[list[str]]:
    return [titles(mail.html, house) for mail in sink.to(address)]


# One mail


def test_what_is_due_at_one_hour_is_one_mail(house: House, sink: Sink) -> None:
    """Both newsletters' articles, one message, one row that was sent; the other part says where it is."""
    two_letters(house, SEVEN)
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1)

    assert told(house, sink) == [["Solar story 2", "Tariff story 1"]]
    assert house.states("alpha/2026-11-23") == {ANN: "sent"}
    assert house.states("beta/2026-11-23") == {ANN: "skipped(together)"}


def test_each_part_has_its_heading_its_reason_and_its_own_way_out(house: House, sink: Sink) -> None:
    """The header leaves the newsletter that List-Id names; the foot has a link for each."""
    two_letters(house, SEVEN)
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1)

    (mail,) = sink.mails
    alpha, beta = (house.links.leave(house.subscription_id(ANN, slug)) for slug in ("alpha", "beta"))
    for body in (mail.html, mail.text):
        assert "Because you follow Energy" in body
        assert alpha in body
        assert "Unsubscribe from Beta" in body
        assert beta in body
    assert "<alpha.example.org>" in str(mail.parsed["List-Id"])
    assert alpha in str(mail.parsed["List-Unsubscribe"])
    assert beta not in str(mail.parsed["List-Unsubscribe"])


def test_the_page_of_a_joined_mail_is_the_mail(house: House, sink: Sink) -> None:
    """View in browser has the same links, also from the row of the other part."""
    two_letters(house, SEVEN)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1)
    rows = house.rows("SELECT id FROM deliveries ORDER BY id")

    pages = [mail_page(house.installation, house.links.view(row[0]).rpartition("/")[2]) for row in rows]

    assert [page.replace("\r\n", "\n") for page in pages] == [sink.mails[0].html.replace("\r\n", "\n")] * 2


def test_what_is_due_later_that_day_comes_with_the_next_days_mail(house: House, sink: Sink) -> None:
    """Beta's hour comes after the day's mail has gone; what it told at its own hour is what comes."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1, 2)
    house.article("trade")

    tick(house, sink, 22)

    assert told(house, sink) == [["Tariff story 1"], ["Solar story 2", "Tariff story 3"]]


def test_a_part_waits_a_day_at_most(house: House, sink: Sink) -> None:
    """Two weekly newsletters of one day: the second comes the next day, not the next week."""
    weekly = Schedule(days=(0,), at=time(9, 0))
    two_letters(house, weekly)
    house.newsletter("alpha", schedule=Schedule(days=(0,)))
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1, 2, 23, 1)

    assert told(house, sink) == [["Tariff story 1"], ["Solar story 2"]]


def test_a_day_whose_first_newsletter_has_nothing_goes_on_to_the_second(house: House, sink: Sink) -> None:
    """Nothing of alpha at seven, so beta need not wait at nine."""
    two_letters(house)
    house.article("energy")

    tick(house, sink, 1, 2)

    assert told(house, sink) == [["Solar story 1"]]
    assert house.states("alpha/2026-11-23") == {ANN: "skipped(nothing_new)"}


def test_a_mail_with_no_part_is_none_and_each_part_has_its_reason(house: House, sink: Sink) -> None:
    """Nothing for anybody: two lines in the log."""
    two_letters(house, SEVEN)

    tick(house, sink, 1)

    assert not sink.mails
    assert [each.reason for each in house.log()] == ["nothing_new", "nothing_new"]


def test_an_article_of_both_newsletters_is_told_once(house: House, sink: Sink) -> None:
    """The first part tells it; the second, and every later mail, does not."""
    two_letters(house, SEVEN)
    house.reader(ANN, "beta", topics="trade,energy")
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1, 24)

    (mail,) = sink.mails
    assert mail.html.count(">Tariff story 1<") == 1
    assert titles(mail.html, house) == ["Solar story 2", "Tariff story 1"]


def test_a_note_that_there_is_nothing_new_is_not_made_a_part(house: House, sink: Sink) -> None:
    """Beta would write to say so; beside alpha's articles that is no news."""
    two_letters(house, SEVEN, nothing_new=NothingNew.NOTE)
    house.article("trade")

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert "nothing new" not in mail.html
    assert house.states("beta/2026-11-23") == {ANN: "skipped(nothing_new)"}


def test_the_limits_of_each_newsletter_hold_in_its_part(house: House, sink: Sink) -> None:
    """One article of beta, though three suit the reader; the mail says how many wait."""
    two_letters(house, SEVEN, limits=Limits(max_items=1))
    house.article("trade")
    for _ in range(3):
        house.article("energy")

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert len(titles(mail.html, house)) == 2
    assert "2 more articles are waiting" in mail.html


@pytest.mark.parametrize(("alpha", "beta"), [(40_000, 40_000), (60_000, 21_000)], ids=["alike", "the second smaller"])
def test_what_would_be_too_large_together_is_told_later_and_not_lost(
    house: House, sink: Sink, alpha: int, beta: int
) -> None:
    """The whole mail keeps to the size at which it would be clipped; the last part gives way, then it is as it was."""
    two_letters(house, SEVEN, limits=Limits(max_html_bytes=beta))
    house.newsletter("alpha", limits=Limits(max_html_bytes=alpha))
    for number, topic in enumerate(("trade", "energy") * 6):
        house.article(topic, deck=" ".join(f"w{number}{word}" for word in range(120)))

    tick(house, sink, 1, 24, 24, 24)

    seen = [title for some in told(house, sink) for title in some]
    assert len(seen) == len(set(seen)) == 12
    assert all(len(mail.html.encode()) <= alpha for mail in sink.mails)


def test_readers_who_share_all_parts_share_one_digest(house: House, sink: Sink) -> None:
    """Ann and Ben: two mails, made once."""
    two_letters(house, SEVEN)
    house.reader(BEN, "alpha")
    house.reader(BEN, "beta", topics="energy")
    choose_together(house.installation, reader_id(house, BEN), wanted=True)
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1)

    assert len(sink.mails) == 2
    assert len({row[0] for row in house.rows("SELECT digest_id FROM deliveries WHERE state = 'sent'")}) == 1


def test_each_part_keeps_its_own_cut_off(house: House, sink: Sink) -> None:
    """Beta's edition ends at six the evening before; what came since is alpha's alone."""
    two_letters(house, SEVEN, cut_off=CutOff(at=time(18, 0), days_before=1))
    house.reader(ANN, "alpha", topics="trade")
    house.article("energy", at=house.clock.now() - timedelta(hours=14))
    house.article("energy")
    house.article("trade")

    tick(house, sink, 1)

    assert told(house, sink) == [["Solar story 1", "Tariff story 3"]]


def test_editors_words_stand_in_their_part(house: House, sink: Sink) -> None:
    """Beta's note is beta's, and a mail may have it without an article of beta."""
    two_letters(house, SEVEN)
    house.article("trade")
    write_note(
        house.installation,
        "beta/2026-11-23",
        NoteKind.ANNOUNCEMENT,
        "# Moving\n\nWe move house.",
        by="ed",
        language="en",
    )

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert "We move house." in mail.html
    assert "We move house." in mail.text
    assert titles(mail.html, house) == ["Tariff story 1"]


# What comes alone


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"urgent": True}, id="urgent"),
        pytest.param({"schedule": Schedule(hours=3)}, id="every three hours"),
    ],
)
def test_what_cannot_wait_comes_by_itself(house: House, sink: Sink, how: dict[str, object]) -> None:
    """Two mails, each with its own; memory is the mailbox's all the same."""
    two_letters(house, **{"schedule": SEVEN, **how})
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1, 2)

    seen = [title for some in told(house, sink) for title in some]
    assert sorted(seen) == ["Solar story 2", "Tariff story 1"]
    assert len(sink.mails) == 2


def test_a_newsletter_that_waits_for_an_approval_holds_up_nobody(house: House, sink: Sink) -> None:
    """Alpha comes at its hour; beta by itself, once somebody has approved it."""
    two_letters(house, SEVEN, approval=ApprovalRule.ONE, cut_off=CutOff(at=time(6, 30)))
    house.article("trade")
    house.article("energy")

    tick(house, sink, 1)

    assert told(house, sink) == [["Tariff story 1"]]
    assert house.states("beta/2026-11-23") == {ANN: "ready"}


# What changes between planning and sending


def leave_beta(house: House) -> None:
    house.leave(ANN, "beta")


def leave_alpha(house: House) -> None:
    house.leave(ANN, "alpha")


def pause_beta(house: House) -> None:
    house.change("UPDATE subscriptions SET state = 'paused' WHERE id = :id", id=house.subscription_id(ANN, "beta"))


def cancel_beta(house: House) -> None:
    cancel_edition(house.installation, "beta/2026-11-23")


def hold_alpha(house: House) -> None:
    pause_edition(house.installation, "alpha/2026-11-23")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param(leave_beta, ["Tariff story 1"], id="the reader leaves the second"),
        pytest.param(leave_alpha, ["Solar story 2"], id="the reader leaves the first"),
        pytest.param(pause_beta, ["Tariff story 1"], id="the reader pauses the second"),
        pytest.param(cancel_beta, ["Tariff story 1"], id="an editor cancels the second"),
        pytest.param(hold_alpha, ["Solar story 2"], id="an editor holds the first"),
    ],
)
def test_a_mail_parts_from_what_must_not_go(
    house: House, sink: Sink, change: Callable[[House], None], left: list[str]
) -> None:
    """The rest goes all the same, at once, and nothing of what must not."""
    two_letters(house, SEVEN)
    house.article("trade")
    house.article("energy")
    house.move(hours=1)
    plan_due(house.installation)

    change(house)
    tick(house, sink)

    assert told(house, sink) == [left]


def test_a_withdrawn_article_is_out_of_the_part_that_had_it(house: House, sink: Sink) -> None:
    """The mail is made anew, with its other parts."""
    two_letters(house, SEVEN)
    house.article("trade")
    gone = house.article("energy")
    house.article("energy")
    house.move(hours=1)
    plan_due(house.installation)

    with house.engine.begin() as connection:
        set_state(connection, gone, ArticleState.WITHDRAWN, now=house.clock.now())
    house.dispatch(sink)

    assert told(house, sink) == [["Solar story 3", "Tariff story 1"]]


def test_a_mail_that_did_not_leave_gives_its_parts_to_the_next(house: House) -> None:
    """Alpha's next edition takes the place of the mail; beta, which is weekly, is in the new one."""
    with Sink(lambda _recipient, number: Do.LATER if number == 1 else Do.TAKE) as sink:
        two_letters(house, Schedule(days=(0,)))
        house.article("trade")
        house.article("energy")
        tick(house, sink, 1)
        house.article("trade")

        tick(house, sink, 24)

        assert told(house, sink) == [["Solar story 2", "Tariff story 1", "Tariff story 3"]]


def test_a_doubtful_mail_is_repeated_as_it_was(house: House) -> None:
    """The same Message-ID and bytes, also when the reader follows something else since."""
    with Sink(lambda _recipient, number: Do.LOSE_REPLY if number == 1 else Do.TAKE) as sink:
        two_letters(house, SEVEN)
        house.article("trade")
        house.article("energy")
        tick(house, sink, 1)

        house.reader(ANN, "beta", topics="sport")
        tick(house, sink, 1)

        first, second = sink.mails
        assert first.content == second.content


def test_who_stops_merging_loses_nothing_and_gets_nothing_twice(house: House, sink: Sink) -> None:
    """What waited goes by itself; from the next slot on each newsletter is its own mail."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1, 2)

    choose_together(house.installation, reader_id(house), wanted=False)
    tick(house, sink)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 22, 2)

    assert told(house, sink) == [["Tariff story 1"], ["Solar story 2"], ["Tariff story 3"], ["Solar story 4"]]


def test_a_person_who_sends_a_newsletter_does_not_wait_for_the_day(house: House, sink: Sink) -> None:
    """`digest send beta` at nine, after the day's mail: it goes, from beta."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1)
    house.move(hours=2)

    house.send(sink, "beta")

    assert told(house, sink) == [["Tariff story 1"], ["Solar story 2"]]


# Events with the newsletter


def with_events(house: House, **letter: object) -> None:
    """Ann has alpha at 07:00 and wants the comments with it."""
    house.newsletter("alpha", **letter)
    stream(house)
    house.reader(ANN, "alpha")
    house.reader(ANN, "comments", topics="")
    way(house)


def way(house: House) -> None:
    choose_way(house.installation, choices(house, ANN, "comments"), Way.NEWSLETTER, "")


def comment(key: str, **more: object) -> dict[str, object]:
    return event(key, ANN, **more)


def test_events_are_a_section_of_the_newsletter(house: House, sink: Sink) -> None:
    """One mail at the newsletter's hour, with a heading and a way out of the stream."""
    with_events(house)
    house.article("trade")
    add(house, comment("a"), comment("b", on="milk"))

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert "Ben commented on Tea" in mail.html
    assert "Ben commented on Milk" in mail.text
    assert "Tariff story 1" in mail.html
    assert house.links.leave(house.subscription_id(ANN, "comments")) in mail.html
    assert "<alpha.example.org>" in str(mail.parsed["List-Id"])
    assert house.states("comments/2026-11-23+events") == {ANN: "skipped(together)"}


def test_events_come_by_themselves_when_the_newsletter_has_nothing(house: House, sink: Sink) -> None:
    """At the newsletter's hour, delayed by nobody."""
    with_events(house)
    add(house, comment("a"))

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert "<comments.example.org>" in str(mail.parsed["List-Id"])
    assert fates(house) == {"a": "sent"}


def test_events_of_a_weekly_newsletter_come_daily_at_its_hour(house: House, sink: Sink) -> None:
    """On Monday within it, on Tuesday by themselves."""
    with_events(house, schedule=Schedule(days=(0,)))
    house.article("trade")
    add(house, comment("a"))
    tick(house, sink, 1)
    add(house, comment("b"))

    tick(house, sink, 23, 1)

    first, second = (str(mail.parsed["List-Id"]) for mail in sink.mails)
    assert "<alpha.example.org>" in first
    assert "<comments.example.org>" in second


def test_events_go_on_when_the_reader_has_left_the_newsletter(house: House, sink: Sink) -> None:
    """Once a day at the hour they came at."""
    with_events(house)
    house.article("trade")
    house.leave(ANN, "alpha")
    add(house, comment("a"))

    tick(house, sink, 1)

    (mail,) = sink.mails
    assert "Ben commented on Tea" in mail.html


def test_events_follow_a_newsletter_whose_hour_was_moved(house: House, sink: Sink) -> None:
    """To nine, after the window was opened for seven."""
    with_events(house)
    house.article("trade")
    add(house, comment("a"))
    house.newsletter("alpha", schedule=NINE)

    tick(house, sink, 1, 2)

    (mail,) = sink.mails
    assert "Ben commented on Tea" in mail.html
    assert "Tariff story 1" in mail.html


def test_events_whose_stream_was_left_are_not_in_the_mail(house: House, sink: Sink) -> None:
    """Left between planning and sending."""
    with_events(house)
    house.article("trade")
    add(house, comment("a"))
    house.move(hours=1)
    plan_due(house.installation)

    house.leave(ANN, "comments")
    tick(house, sink)

    (mail,) = sink.mails
    assert "commented" not in mail.html
    assert fates(house)["a"] != "sent"


def test_an_event_that_is_cancelled_before_the_mail_leaves_is_not_in_it(house: House, sink: Sink) -> None:
    """The other one is."""
    with_events(house)
    house.article("trade")
    add(house, comment("a"), comment("b", on="milk"))
    house.move(hours=1)
    plan_due(house.installation)

    add(house, {"stream": "comments", "cancel": "a"})
    tick(house, sink)

    (mail,) = sink.mails
    assert "Tea" not in mail.html
    assert "Ben commented on Milk" in mail.html


def test_a_critical_event_waits_for_no_newsletter(house: House, sink: Sink) -> None:
    """It is a mail at once."""
    with_events(house)
    add(house, comment("a", priority="critical"))

    tick(house, sink)

    assert len(sink.mails) == 1


def test_events_of_a_mail_that_was_given_up_are_told_once_later(house: House) -> None:
    """In the next newsletter, when the one before could not be delivered."""
    with Sink(lambda _recipient, number: Do.LATER if number < 20 else Do.TAKE) as sink:
        with_events(house)
        house.article("trade")
        add(house, comment("a"))
        tick(house, sink, 1, 5, 5, 5, 5, 5)
        sink.script = lambda _recipient, _number: Do.TAKE

        tick(house, sink, 1, 24)

        assert sum("Ben commented on Tea" in mail.html for mail in sink.mails) == 1


def test_nobody_who_merges_nothing_costs_a_row_or_a_query_more(house: House) -> None:
    """Two looks at an empty index for each slot, and one for each tick, are all."""
    house.newsletter("alpha")
    house.readers([{"email": f"r{number}@example.org", "topics": "trade"} for number in range(20)], "alpha")
    house.article("trade")
    house.move(hours=1)

    with house.statements() as seen:
        plan_due(house.installation)

    assert sum("FROM subscribers WHERE joins <> 0" in each for each in seen) == 2


def test_events_of_a_mail_whose_place_a_later_one_takes_come_all_the_same(house: House) -> None:
    """The server put Monday's mail off; meanwhile Ann wants her comments as the stream does it."""
    with Sink(lambda _recipient, number: Do.LATER if number < 20 else Do.TAKE) as sink:
        with_events(house)
        house.article("trade")
        add(house, comment("a"))
        tick(house, sink, 1)
        choose_way(house.installation, choices(house, ANN, "comments"), Way.STREAM, "")
        house.article("trade")
        sink.script = lambda _recipient, _number: Do.TAKE

        house.move(hours=24)
        plan_due(house.installation)
        house.dispatch(sink)
        tick(house, sink, 1, 24)

    assert house.states("alpha/2026-11-23") == {ANN: "superseded"}
    assert fates(house) == {"a": "sent"}
    assert sum("Ben commented on Tea" in mail.html for mail in sink.mails) == 1
