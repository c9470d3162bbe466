"""What becomes of mail: sent once, later again, never again, or in doubt; seen by a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from digest.errors import DatabaseBusy, DatabaseFailed
from digest.model.article import ArticleState
from digest.model.delivery import DeliveryState
from digest.model.newsletter import InDoubt, Retry, Schedule
from digest.pipeline.delivering.dispatch import Dispatched, dispatch
from digest.pipeline.planning.plan import Who
from digest.pipeline.subscribers.correct_address import correct_address
from digest.settings.relay import Relay
from digest.store import dispatching
from digest.store.articles import set_state
from digest.store.engine import reading
from digest.store.log import Filter, attempts, retry_failed
from tests.house import SECRET, TIMEOUTS, House, titles
from tests.sink import Do, Mail, Sink

ANNA, BEN = "anna@example.org", "ben@example.org"


def only(reader: str, *answers: Do):  # a script for the sink
    """Answer *reader*'s tries so, one after the other, and take everything else."""
    return lambda recipient, number: answers[number - 1] if recipient == reader and number <= len(answers) else Do.TAKE


def within_seconds(act: Callable[[], Dispatched]) -> Dispatched:
    """Do it in a thread that is left behind when it hangs."""
    done: list[Dispatched] = []
    thread = threading.Thread(target=lambda: done.append(act()), daemon=True)
    thread.start()
    thread.join(8)
    assert done, "the sending does not end, or failed"
    return done[0]


def test_a_second_send_sends_nothing(house: House, sink: Sink):
    """Running the command again is harmless."""
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    again = house.send(sink)

    assert (len(sink.mails), dict(again.states)) == (1, {})


def test_a_mail_that_others_gave_up_is_not_begun_again_while_its_own_sender_has_it_on_the_wire(
    house: House, sink: Sink
):
    """To them its sender looked dead; now the row is due, and the one who claims it is that sender."""

    def give_up(mail: Mail) -> None:
        if mail.recipient == ANNA:
            house.change(
                "UPDATE deliveries SET state = 'in_doubt', doubt_count = 1, lease_until = NULL, next_attempt_at = 0"
                " WHERE address = :anna",
                anna=ANNA,
            )

    sink.on_mail = give_up
    sink.script = only(ANNA, Do.HANG)
    house.reader(ANNA)
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(20)])
    house.article("trade")
    house.plan()
    dispatch(house.installation, replace(house.sending(sink), timeouts=replace(TIMEOUTS, dot=0.5)))
    early = len(sink.to(ANNA)), house.states()[ANNA]
    sink.on_mail = lambda mail: None
    house.move(minutes=10)
    house.dispatch(sink)

    assert early == (1, "in_doubt")
    assert len({mail.content for mail in sink.to(ANNA)}) == 1
    assert (len(sink.to(ANNA)), house.states()[ANNA]) == (2, "sent")
    assert len(sink.mails) == 22


def test_few_mails_are_in_hand_at_a_time(house: House, sink: Sink):
    """Two for each connection beside those on the wire; where others share the rows, six for each in all at most."""
    held: list[int] = []
    sink.on_mail = lambda mail: held.append(house.rows("SELECT COUNT(*) FROM deliveries WHERE state = 'claimed'")[0][0])
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(30)])
    house.article("trade")

    house.send(sink)

    assert 2 < max(held) <= (12 if house.installation.shares_rows else 6)


def test_the_next_mails_are_claimed_while_servers_think(house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """Not when a connection waits for one: at most claims both connections are busy."""
    busy: list[int] = []
    claim = dispatching.claim

    def noting(ledger: Any, **which: Any) -> list[dispatching.Claim]:
        cursor = ledger.connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM deliveries WHERE lease_until IS NOT NULL")
        busy.append(cursor.fetchone()[0])
        return claim(ledger, **which)

    monkeypatch.setattr(dispatching, "claim", noting)
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(60)])
    house.article("trade")

    house.send(sink)

    assert busy.count(2) > len(busy) / 2


def test_a_mail_that_cannot_be_made_is_told_in_whole_words(house: House, sink: Sink):
    """The log's reason is one word; the attempt beside it has the sentence, and nothing is cut."""
    house.reader(ANNA)
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE subscribers SET address = :a"), {"a": f"{'x' * 70}@example.org"})
    house.article("trade")
    house.send(sink)
    (line,) = house.log()

    assert (line.state, line.reason) == ("refused", "not_made")
    assert line.reply.endswith("is not an address that mail can be sent to; correct it")


def test_a_mail_that_must_wait_comes_after_the_back_off_with_the_same_message_id(house: House, sink: Sink):
    """4xx is "later": not before the newsletter's delay, and the same bytes then."""
    seen: list[bytes] = []
    sink.script = only(ANNA, Do.LATER_AT_DOT)
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    deferred = house.states()
    house.move(minutes=29)
    house.dispatch(sink)
    too_early = len(sink.mails)
    house.move(minutes=8)
    house.dispatch(sink)
    seen = [mail.content for mail in sink.mails]

    assert (deferred, too_early, house.states()) == ({ANNA: "deferred"}, 0, {ANNA: "sent"})
    assert len(seen) == 1
    with reading(house.engine) as connection:
        assert [(each.outcome, each.reply_code) for each in attempts(connection, 1)] == [
            ("deferred", 452),
            ("sent", 250),
        ]


def test_a_mail_that_waits_too_long_expires_and_its_stories_come_with_the_next(house: House, sink: Sink):
    """Nothing is lost by an expiry: the history did not move."""
    house.newsletter(retry=Retry((timedelta(minutes=30),), timedelta(hours=1)))
    sink.script = only(ANNA, Do.LATER, Do.LATER)
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(minutes=40)
    house.dispatch(sink)
    expired = house.states()
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)

    assert expired == {ANNA: "expired"}
    assert titles(sink.mails[0].html, house) == ["Tariff one", "Tariff two"]


def test_a_refused_mail_is_planned_anew_when_the_address_was_corrected(house: House, sink: Sink):
    """`deliveries --retry` after `subscribers correct`; before, there is nothing to retry."""
    sink.script = only(ANNA, Do.NEVER)
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    refused = house.states()
    with house.engine.begin() as connection:
        wrong_still = retry_failed(connection, Filter(), house.clock.now())
    correct_address(house.engine, ANNA, BEN, secret=SECRET, now=house.clock.now())
    with house.engine.begin() as connection:
        corrected = retry_failed(connection, Filter(state="refused", limit=200), house.clock.now())
    house.dispatch(sink)

    assert (refused, wrong_still, corrected) == ({ANNA: "refused"}, 0, 1)
    assert [(mail.recipient, titles(mail.html, house)) for mail in sink.mails] == [(BEN, ["Tariff one"])]


def test_an_expired_mail_of_yesterday_that_is_retried_comes_although_today_was_served(house: House, sink: Sink):
    """Today's edition does not take the place of what a person asked for again."""
    house.newsletter(retry=Retry((timedelta(minutes=30),), timedelta(minutes=20)))
    sink.script = only(ANNA, Do.LATER)
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(days=1)
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE subscriptions SET state = 'paused'")
    house.plan()
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE subscriptions SET state = 'active'")
        retry_failed(connection, Filter(), house.clock.now())
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff one"]]


def test_a_lost_reply_is_answered_by_one_more_try_of_the_same_bytes_and_then_held(house: House, sink: Sink):
    """Whether it arrived nobody knows; twice in doubt is for a person to decide."""
    sink.script = only(ANNA, Do.LOSE_REPLY, Do.LOSE_REPLY, Do.TAKE)
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    first = (house.states(), len(sink.mails), house.rows("SELECT state FROM editions"))
    house.move(minutes=5)
    house.dispatch(sink)
    too_early = len(sink.mails)
    house.move(minutes=6)
    house.dispatch(sink)
    house.move(hours=20)
    house.dispatch(sink)

    assert first == ({ANNA: "in_doubt"}, 1, [("open",)])
    assert too_early == 1
    assert (house.states(), len(sink.mails)) == ({ANNA: "in_doubt"}, 2)
    assert sink.mails[0].content == sink.mails[1].content
    assert house.rows("SELECT state FROM editions") == [("finished",)]


def test_a_lost_reply_is_only_kept_when_the_newsletter_says_hold(house: House, sink: Sink):
    """The policy is the newsletter's."""
    house.newsletter(in_doubt=InDoubt.HOLD)
    sink.script = only(ANNA, Do.LOSE_REPLY)
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    house.move(hours=3)
    house.dispatch(sink)

    assert (house.states(), len(sink.mails)) == ({ANNA: "in_doubt"}, 1)


def test_the_second_try_of_a_mail_in_doubt_does_not_forget_what_came_between(house: House, sink: Sink):
    """Another newsletter told its story while the first one waited; nobody may tell it again."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    sink.script = only(ANNA, Do.LOSE_REPLY)
    house.send(sink)
    house.reader(ANNA, "weekly", topics="energy")
    house.article("energy", "Solar one")
    house.send(sink, "weekly")
    house.move(minutes=11)
    house.dispatch(sink)
    history = house.history(ANNA)

    assert [len(sink.to(ANNA)), len(history)] == [3, 2]


def test_who_leaves_before_the_second_try_does_not_get_it_and_stays_in_doubt(house: House, sink: Sink):
    """The log does not say that nothing was sent when something may have been."""
    sink.script = only(ANNA, Do.LOSE_REPLY)
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    house.leave(ANNA)
    house.move(minutes=11)
    house.dispatch(sink)

    assert (house.states(), len(sink.mails)) == ({ANNA: "in_doubt"}, 1)
    assert house.rows("SELECT state FROM editions") == [("finished",)]


def test_a_second_try_that_must_wait_is_not_given_up_for_the_next_edition(house: House, sink: Sink):
    """Its stories count as shown, so no later edition would tell them."""
    sink.script = only(ANNA, Do.LOSE_REPLY, Do.LATER)
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(minutes=11)
    house.dispatch(sink)
    house.article("trade", "Tariff two")
    house.move(hours=3)
    house.newsletter(schedule=Schedule(at=time(9)))
    house.move(minutes=2)
    house.plan(who=Who.DUE)
    house.send(sink)

    assert sink.mails[0].content in {mail.content for mail in sink.mails[1:]}
    assert {each.state for each in house.log()} == {"sent"}
    assert [titles(mail.html, house) for mail in sink.mails].count(["Tariff two"]) == 1


def test_a_fault_of_ours_stops_the_sending_and_counts_against_nobody(house: House, sink: Sink):
    """A server that wants us to log in has nothing against any reader."""
    sink.script = lambda _recipient, _number: Do.FAULT
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(30)])
    house.article("trade")
    done = house.send(sink)
    tried = sum(sink.tries.values())
    sink.script = lambda _recipient, _number: Do.TAKE
    house.move(minutes=6)
    house.dispatch(sink)

    assert done.fault is not None
    assert tried <= 2, "one for each connection"
    assert set(house.states().values()) == {"sent"}
    assert len(sink.mails) == 30


def test_a_sending_that_cannot_log_in_ends_however_few_the_mails_are(house: House, sink: Sink):
    """One message and four connections: those that wait for a message must not wait for ever."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    relay = Relay("127.0.0.1", sink.port, implicit_tls=False, starttls=False, username="press")
    done = dispatch(house.installation, replace(house.sending(sink, 4), relay=relay))

    assert done.fault is not None
    assert house.states() == {ANNA: "ready"}
    assert house.rows("SELECT attempt_no, (SELECT COUNT(*) FROM attempts) FROM deliveries") == [(0, 0)]


def test_a_server_that_says_stopped_is_not_hammered(house: House, sink: Sink):
    """Our own word for a message that we stopped ourselves is no word of a server's."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    sink.later = "451 stopped"
    sink.script = lambda _recipient, _number: Do.LATER
    house.dispatch(sink)

    assert sink.tries[ANNA] == 1


def test_who_unsubscribes_between_plan_and_send_gets_nothing(house: House, sink: Sink):
    """The row says why, and the story is not counted as told."""
    house.reader(ANNA)
    house.reader(BEN)
    house.article("trade")
    house.plan()
    house.leave(ANNA)
    house.dispatch(sink)

    assert house.states() == {ANNA: "skipped(unsubscribed)", BEN: "sent"}
    assert house.history(ANNA) == frozenset()


def test_who_unsubscribes_while_a_sending_runs_gets_nothing_more(house: House, sink: Sink):
    """Claimed a moment ago or not: after the stop set was read, nothing begins."""
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(60)])
    house.article("trade")
    house.plan()

    def last_leaves(mail: Mail) -> None:
        if len(sink.mails) == 1:
            house.leave("r059@example.org")

    sink.on_mail = last_leaves
    house.dispatch(sink, connections=1)

    assert house.states()["r059@example.org"] == "skipped(unsubscribed)"
    assert len(sink.mails) == 59


def test_a_withdrawn_article_is_not_sent_although_it_was_planned(house: House, sink: Sink):
    """What waits is planned anew, under another plan number."""
    house.reader(ANNA)
    gone = house.article("trade", "Tariff one")
    house.article("trade", "Tariff two")
    house.plan()
    with house.engine.begin() as connection:
        set_state(connection, gone, ArticleState.WITHDRAWN, now=house.clock.now())
    house.dispatch(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff two"]]
    assert house.rows("SELECT plan_no, state FROM deliveries") == [(2, "sent")]


def test_a_mail_that_is_planned_again_by_a_clock_that_was_set_back_has_what_it_had(house: House, sink: Sink):
    """Each time: its articles are no less there because the clock says that they come in an hour."""
    house.reader(ANNA)
    first, second, _ = (house.article("trade", title) for title in ("Tariff one", "Tariff two", "Tariff three"))
    house.plan()
    house.move(hours=-1)
    sink.script = only(ANNA, Do.LATER)
    with house.engine.begin() as connection:
        set_state(connection, first, ArticleState.WITHDRAWN, now=house.clock.now())
    house.dispatch(sink)
    with house.engine.begin() as connection:
        set_state(connection, second, ArticleState.WITHDRAWN, now=house.clock.now())
    house.dispatch(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff three"]]


def test_a_mail_whose_only_article_was_withdrawn_is_skipped(house: House, sink: Sink):
    """An empty digest is no digest."""
    house.reader(ANNA)
    gone = house.article("trade", "Tariff one")
    house.plan()
    with house.engine.begin() as connection:
        set_state(connection, gone, ArticleState.WITHDRAWN, now=house.clock.now())
    house.dispatch(sink)

    assert (house.states(), sink.mails) == ({ANNA: "skipped(nothing_new)"}, [])


def test_an_article_that_was_told_withdrawn_and_brought_back_is_not_told_again(house: House, sink: Sink):
    """A history remembers what was taken back."""
    house.reader(ANNA)
    told = house.article("trade", "Tariff one")
    house.send(sink)
    with house.engine.begin() as connection:
        set_state(connection, told, ArticleState.WITHDRAWN, now=house.clock.now())
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)
    with house.engine.begin() as connection:
        set_state(connection, told, ArticleState.LIVE, now=house.clock.now())
    house.article("trade", "Tariff three")
    house.move(days=1)
    house.send(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff one"], ["Tariff two"], ["Tariff three"]]


def test_two_newsletters_of_which_one_waits_do_not_tell_one_story_together(house: House, sink: Sink):
    """Both were planned on one history: the first was deferred meanwhile. Only one of them goes at a time."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly")
    house.article("trade", "Tariff one")
    sink.script = only(ANNA, Do.LATER)
    house.send(sink)
    house.move(minutes=40)
    house.plan("weekly")
    house.dispatch(sink, connections=4)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff one"]]
    assert sorted(state for (state,) in house.rows("SELECT state FROM deliveries")) == ["sent", "skipped"]


def test_a_send_of_one_newsletter_ends_while_another_still_waits(house: House, sink: Sink):
    """Beta was planned on what alpha will leave, and alpha does not go with it."""
    house.newsletter("weekly")
    house.reader(ANNA)
    house.reader(ANNA, "weekly")
    house.article("trade", "Tariff one")
    house.plan("daily")
    house.article("trade", "Tariff two")
    house.plan("weekly")
    house.dispatch(sink, "weekly")
    house.dispatch(sink, "daily")

    told = [title for mail in sink.mails for title in titles(mail.html, house)]
    assert sorted(told) == ["Tariff one", "Tariff two"]


def test_a_newer_edition_takes_the_place_of_one_that_still_waits(house: House, sink: Sink):
    """One mail, with the stories of both days; the log says what became of the first."""
    sink.script = only(ANNA, Do.LATER)
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)

    assert [each.state for each in house.log()] == ["sent", "superseded"]
    assert titles(sink.mails[0].html, house) == ["Tariff one", "Tariff two"]


def test_a_server_that_is_away_costs_nothing_but_time(house: House, sink: Sink):
    """Nobody listens: the rows wait, and are sent when somebody does."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    with Sink() as gone:
        pass
    done = house.dispatch(gone)
    after = house.states()
    house.move(hours=1)
    house.dispatch(sink)

    assert done.stopped_by
    assert after[ANNA] in ("ready", "deferred")
    assert house.states() == {ANNA: "sent"}


@pytest.mark.parametrize("connections", [1, 3])
def test_a_reader_whose_mail_cannot_be_made_holds_nobody_up(house: House, sink: Sink, connections: int):
    """That one is refused, with the reason; the sending ends, and the others have their mail."""
    house.readers([{"email": who, "topics": "trade"} for who in (ANNA, "odd@example.org", BEN)])
    house.article("trade")
    house.plan()
    house.change("UPDATE deliveries SET address = 'a=?b@example.org' WHERE address LIKE 'odd%'")
    done = within_seconds(lambda: house.dispatch(sink, connections=connections))

    assert sorted(house.states().values()) == ["refused", "sent", "sent"]
    assert dict(done.states) == {DeliveryState.SENT: 2, DeliveryState.REFUSED: 1}
    assert sorted(mail.recipient for mail in sink.mails) == [ANNA, BEN]


def test_a_mail_of_which_a_piece_is_gone_is_refused_and_the_sending_ends(house: House, sink: Sink):
    """With one connection and nothing else to do there is nobody to wake who waits."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    house.change("DELETE FROM pieces")
    within_seconds(lambda: house.dispatch(sink, connections=1))

    assert (house.states(), sink.mails) == ({ANNA: "refused"}, [])


def test_claims_that_could_not_be_given_back_are_not_in_doubt_at_the_next_sending(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """A fault of ours ended it, and then the database was busy: nothing of those mails had left."""
    house.newsletter(in_doubt=InDoubt.HOLD)
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(6)])
    house.article("trade")
    house.plan()

    def busy(*_args: object, **_more: object) -> None:
        raise DatabaseBusy("another process keeps the database busy; try again when it is done")

    relay = Relay("127.0.0.1", sink.port, implicit_tls=False, starttls=False, username="press")
    monkeypatch.setattr(dispatching, "release", busy)
    with pytest.raises(DatabaseBusy):
        dispatch(house.installation, replace(house.sending(sink), relay=relay))
    monkeypatch.undo()
    claimed = set(house.states().values())
    house.dispatch(sink)

    assert "claimed" in claimed
    assert set(house.states().values()) == {"sent"}
    assert len(sink.mails) == 6
    assert list(house.installation.state_folder.glob("*.journal")) == []


def test_a_newsletter_that_is_new_while_a_sending_runs_is_sent_by_it(house: House, sink: Sink):
    """It was applied and planned after the sending had begun; its readers need not wait, and it ends well."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()

    def comes_meanwhile(mail: Mail) -> None:
        if len(sink.mails) == 1:
            house.newsletter("fresh")
            house.reader(BEN, "fresh")
            house.plan("fresh")

    sink.on_mail = comes_meanwhile
    house.dispatch(sink, connections=1)

    assert house.states() == {ANNA: "sent", BEN: "sent"}
    assert len(sink.mails) == 2


def test_a_sending_that_cannot_see_who_leaves_any_more_ends_with_that_error(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """Else somebody who unsubscribes now would get the mail all the same."""
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(40)])
    house.article("trade")
    house.plan()

    def unreadable(*_args: object) -> set[int]:
        raise DatabaseFailed("the database of DIGEST_DATABASE_URL cannot be used: the disk does not read or write it")

    monkeypatch.setattr(dispatching, "stopped", unreadable)
    with pytest.raises(DatabaseFailed, match="the disk"):
        house.dispatch(sink, connections=1)
    monkeypatch.undo()
    at_the_error = len(sink.mails)
    house.dispatch(sink)

    assert at_the_error < 40
    assert set(house.states().values()) == {"sent"}
    assert len(sink.mails) == 40


def test_results_that_cannot_be_committed_end_the_sending(house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """One connection waits for nothing else than that commit: the error must reach it."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()

    def full(*_args: object) -> None:
        raise DatabaseFailed("the database of DIGEST_DATABASE_URL cannot be used: the disk is full")

    sink.on_mail = lambda mail: monkeypatch.setattr(dispatching, "record", full)
    with pytest.raises(DatabaseFailed, match="full"):
        house.dispatch(sink, connections=1)
    monkeypatch.undo()
    sink.on_mail = lambda mail: None
    house.dispatch(sink)

    assert (house.states(), len(sink.mails)) == ({ANNA: "sent"}, 1)


def test_a_digest_that_cannot_be_read_fails_for_its_own_readers_alone(house: House, sink: Sink):
    """Digests are read ahead; a broken one among them keeps nobody else's mail back."""
    house.reader(ANNA, topics="trade")
    house.reader(BEN, topics="energy")
    house.article("trade")
    house.article("energy")
    house.plan()
    ((last,),) = house.rows("SELECT MAX(id) FROM digests")
    ((broken,),) = house.rows("SELECT address FROM deliveries WHERE digest_id = :last", last=last)
    house.change("UPDATE digests SET layout = '{}' WHERE id = :last", last=last)
    house.dispatch(sink)
    (other,) = {ANNA, BEN} - {broken}

    assert [mail.recipient for mail in sink.mails] == [other]
    assert house.states() == {other: "sent", broken: "refused"}
