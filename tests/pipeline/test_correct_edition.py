"""A correction: to exactly those whom the edition reached, outside of never-twice, and nobody gets it twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from digest.errors import BadInput, BadTemplate, NotFound
from digest.model.article import ArticleState
from digest.model.newsletter import InDoubt
from digest.pipeline.composing.planned import Planned
from digest.pipeline.editing.correct_edition import correct_edition, find_correction
from digest.pipeline.planning.hold_edition import cancel_edition
from digest.pipeline.previewing.rehearse import rehearse_correction
from digest.store.articles import set_state
from tests.house import House, titles
from tests.lived import Story
from tests.sink import Do, Sink

ANNA, BEN, CARA = "anna@example.org", "ben@example.org", "cara@example.org"
WRONG, RIGHT, SOLAR = "Tariffs rise by nine per cent", "Tariffs rise by two per cent", "Solar parks grow"
TARIFFS = "https://press.example.net/tariffs"


@pytest.fixture
def planned(lived: Callable[[Story], House]) -> House:
    """Give a house with an edition for Anna and Ben; nothing is new for Cara, who reads about sport."""
    return lived(plan)


@pytest.fixture
def sent(lived: Callable[[Story], House]) -> House:
    """Give it sent, two hours ago, with the sink emptied and the article edited since."""
    return lived(plan_send_and_edit)


def plan(house: House, sink: Sink) -> None:
    house.newsletter(in_doubt=InDoubt.HOLD)
    house.reader(ANNA)
    house.reader(BEN, topics="trade|energy")
    house.reader(CARA, topics="sport")
    house.article("trade", WRONG, url=TARIFFS, sections=())
    house.article("energy", SOLAR)
    house.plan()


def plan_send_and_edit(house: House, sink: Sink) -> None:
    plan(house, sink)
    house.dispatch(sink)
    edit(house, sink)


def edit(house: House, sink: Sink) -> None:
    sink.mails.clear()
    house.move(hours=2)
    house.article("trade", RIGHT, url=TARIFFS, sections=())


def edition(house: House) -> str:
    """Return the name of the first edition."""
    return f"daily/{house.rows('SELECT period FROM editions ORDER BY id LIMIT 1')[0][0]}"


def correct(house: House, sink: Sink, *, stop: bool = False) -> Planned:
    """Do what `digest correct` does."""
    correction = find_correction(house.installation, edition(house), "correction")
    done = correct_edition(house.installation, correction, stop=stop)
    house.dispatch(sink, "daily")
    return done


def recipients(sink: Sink) -> list[str]:
    return sorted(mail.recipient for mail in sink.mails)


def states(house: House) -> dict[str, str]:
    """Return what became of each reader's correction."""
    return house.states(f"{edition(house)}+correction")


def test_exactly_the_readers_of_the_edition_get_the_corrected_text(sent: House, sink: Sink):
    """Each with the articles they had, as an edition of its own; who was skipped gets nothing."""
    done = correct(sent, sink)
    mails = {mail.recipient: mail for mail in sink.mails}

    assert (done.ready, list(done.editions)) == (2, [f"{edition(sent)}+correction"])
    assert {who: titles(mail.html, sent) for who, mail in mails.items()} == {ANNA: [RIGHT], BEN: [SOLAR, RIGHT]}
    assert all(str(mail.parsed["Subject"]).startswith("Correction: ") for mail in sink.mails)
    assert all(WRONG not in mail.html and "Correction: this replaces" in mail.html for mail in sink.mails)
    assert states(sent) == {ANNA: "sent", BEN: "sent"}


def test_a_correction_says_why_as_the_mail_did_and_is_dated_as_it_was(planned: House, sink: Sink):
    """The next day, too."""
    planned.dispatch(sink)
    before = {mail.recipient: mail for mail in sink.mails}
    sink.mails.clear()
    planned.move(days=1)
    correct(planned, sink)
    mails = {mail.recipient: mail for mail in sink.mails}

    def told(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if "Because you follow" in line]

    day = next(line for line in before[ANNA].text.splitlines() if "2026" in line).strip()
    assert told(mails[BEN].text) == told(before[BEN].text) != []
    assert f"this replaces our mail of {day}." in mails[ANNA].text
    assert mails[ANNA].message_id != before[ANNA].message_id


def test_who_was_refused_gets_no_correction_and_who_is_in_doubt_does(planned: House, sink: Sink):
    """The one never had the mail, the other may have."""
    sink.script = lambda who, _number: Do.NEVER if who == ANNA else Do.LOSE_REPLY
    planned.dispatch(sink)
    sink.script = lambda _who, _number: Do.TAKE
    before = planned.states()
    edit(planned, sink)
    correct(planned, sink)

    assert before == {ANNA: "refused", BEN: "in_doubt", CARA: "skipped(nothing_new)"}
    assert recipients(sink) == [BEN]


def test_a_correction_that_is_run_twice_sends_nothing_twice(sent: House, sink: Sink):
    """The second run finds nobody."""
    correct(sent, sink)
    again = correct(sent, sink)

    assert (again.ready, recipients(sink)) == (0, [ANNA, BEN])


def test_a_second_run_reaches_who_got_the_edition_since(planned: House, sink: Sink):
    """Ben's mail went out after the first correction, and was wrong as well."""
    sink.script = lambda who, number: Do.LATER if who == BEN and number == 1 else Do.TAKE
    planned.dispatch(sink)
    sink.mails.clear()
    first = correct(planned, sink)
    planned.move(hours=6)
    planned.dispatch(sink)
    second = correct(planned, sink)

    assert (first.ready, second.ready) == (1, 1)
    assert recipients(sink) == [ANNA, BEN, BEN]


def test_the_next_edition_is_as_if_the_correction_had_not_been(sent: House, sink: Sink):
    """Histories stay; the articles are not told again, and new ones are."""
    before = {who: sent.history(who) for who in (ANNA, BEN)}
    correct(sent, sink)
    after = {who: sent.history(who) for who in (ANNA, BEN)}
    sink.mails.clear()
    sent.move(days=1)
    sent.article("trade", "A new tariff")
    sent.send(sink)

    assert before == after
    assert {mail.recipient: titles(mail.html, sent) for mail in sink.mails} == {
        ANNA: ["A new tariff"],
        BEN: ["A new tariff"],
    }


def test_a_correction_goes_out_although_the_next_edition_was_planned_or_sent_first(sent: House, sink: Sink):
    """It is not superseded, not planned anew, and not kept back because the mailbox has moved on."""
    name = find_correction(sent.installation, edition(sent), "correction")
    correct_edition(sent.installation, name)
    sent.move(days=1)
    sent.article("trade", "A new tariff")
    planned = sent.plan()
    sent.change(
        "UPDATE deliveries SET next_attempt_at = next_attempt_at + 1 WHERE plan_no = 1 AND edition_id = :e",
        e=next(iter(sent.rows("SELECT id FROM editions WHERE period LIKE '%+%'")))[0],
    )
    sent.dispatch(sink)

    assert planned.superseded == 0
    assert sorted((mail.recipient, "Correction" in str(mail.parsed["Subject"])) for mail in sink.mails) == [
        (ANNA, False),
        (ANNA, True),
        (BEN, False),
        (BEN, True),
    ]


def test_a_waiting_correction_does_not_hide_what_another_newsletter_is_about_to_tell(sent: House):
    """The next edition builds on that one's mail, though the correction was planned later."""
    sent.newsletter("evening")
    sent.reader(ANNA, "evening")
    sent.article("trade", "A new tariff")
    sent.plan("evening")
    sent.move(minutes=1)
    correct_edition(sent.installation, find_correction(sent.installation, edition(sent), "correction"))
    sent.move(days=1)
    sent.plan()

    assert sent.states("daily")[ANNA] == "skipped(nothing_new)"


def test_with_stop_nobody_else_gets_the_edition(planned: House, sink: Sink):
    """The rest is cancelled first, also when a try was due later."""
    sink.script = lambda who, _number: Do.LATER if who == BEN else Do.TAKE
    planned.dispatch(sink)
    sink.script = lambda _who, _number: Do.TAKE
    edit(planned, sink)
    correct(planned, sink, stop=True)
    planned.move(hours=6)
    planned.dispatch(sink)

    assert [(mail.recipient, titles(mail.html, planned)) for mail in sink.mails] == [(ANNA, [RIGHT])]
    assert planned.states(edition(planned))[BEN] == "skipped(cancelled)"


@pytest.mark.parametrize("stop", [True, False], ids=["stopped", "not stopped"])
def test_with_stop_whoever_would_still_come_in_a_finished_edition_gets_none(sent: House, sink: Sink, stop: bool):
    """A reader in California, for whom it is still the day of the edition."""
    correct(sent, sink, stop=stop)
    sink.mails.clear()
    sent.reader("dora@example.org", timezone="America/Los_Angeles")
    sent.send(sink)

    assert ("dora@example.org" in recipients(sink)) is not stop
    assert sent.states(edition(sent))["dora@example.org"] == ("skipped(cancelled)" if stop else "sent")


def test_who_left_or_paused_meanwhile_gets_none_and_the_log_says_why(sent: House, sink: Sink):
    """What a reader wished last counts."""
    sent.leave(ANNA)
    sent.change("UPDATE subscriptions SET state = 'paused' WHERE id = :s", s=sent.subscription_id(BEN))
    done = correct(sent, sink)

    assert (recipients(sink), states(sent)) == ([], {ANNA: "skipped(unsubscribed)", BEN: "skipped(paused)"})
    assert (done.ready, dict(done.skipped)) == (0, {"unsubscribed": 1, "paused": 1})


def test_an_article_that_was_withdrawn_is_left_out(sent: House, sink: Sink):
    """Who had no other gets no mail."""
    withdraw(sent, RIGHT)
    correct(sent, sink)

    assert [(mail.recipient, titles(mail.html, sent)) for mail in sink.mails] == [(BEN, [SOLAR])]
    assert states(sent)[ANNA] == "skipped(nothing_new)"


def test_an_article_that_is_withdrawn_while_the_correction_waits_is_not_in_it(sent: House, sink: Sink):
    """Such rows are planned anew, as a correction."""
    correct_edition(sent.installation, find_correction(sent.installation, edition(sent), "correction"))
    withdraw(sent, RIGHT)
    sent.dispatch(sink)

    assert [(mail.recipient, titles(mail.html, sent)) for mail in sink.mails] == [(BEN, [SOLAR])]
    assert "Correction: this replaces" in sink.mails[0].html


def test_a_rehearsal_says_who_would_get_it_and_writes_nothing(sent: House):
    """With the subjects."""
    sent.leave(ANNA)
    before = sent.dump()
    found = rehearse_correction(sent.installation, find_correction(sent.installation, edition(sent), "correction"))

    assert (dict(found.ready), dict(found.skipped)) == ({f"{edition(sent)}+correction": 1}, {"unsubscribed": 1})
    assert sum(found.subjects.values()) == 1
    assert sent.dump() == before


def test_a_correction_of_nothing_makes_no_edition(planned: House, sink: Sink):
    """Nobody was sent anything yet."""
    cancel_edition(planned.installation, edition(planned))
    done = correct(planned, sink)

    assert (done.editions, len(planned.rows("SELECT id FROM editions"))) == ({}, 1)


def test_a_correction_of_a_correction_is_one_too(sent: House, sink: Sink):
    """It reaches those whom the first one reached."""
    correct(sent, sink)
    sink.mails.clear()
    second = find_correction(sent.installation, f"{edition(sent)}+correction", "correction")
    correct_edition(sent.installation, second)
    sent.dispatch(sink)

    assert recipients(sink) == [ANNA, BEN]


def test_wrong_names_are_refused_before_anything_is_stopped(sent: House):
    """An edition that is not, a template that is not, a correction that was cancelled."""
    with pytest.raises(NotFound):
        find_correction(sent.installation, "daily/1999-01-01", "correction")
    with pytest.raises(BadTemplate, match="there is no mail template"):
        find_correction(sent.installation, edition(sent), "sorry")
    correction = find_correction(sent.installation, edition(sent), "correction")
    correct_edition(sent.installation, correction)
    sent.change("DELETE FROM deliveries WHERE edition_id <> 1 AND address = :a", a=ANNA)
    cancel_edition(sent.installation, correction.name)

    with pytest.raises(BadInput, match="was cancelled"):
        correct_edition(sent.installation, correction)


def withdraw(house: House, title: str) -> None:
    """Withdraw the article with this title."""
    with house.engine.begin() as connection:
        ((article_id,),) = house.rows(
            "SELECT a.id FROM articles a JOIN revisions r ON r.id = a.revision_id"
            " WHERE CAST(r.content AS TEXT) LIKE :t",
            t=f"%{title}%",
        )
        set_state(connection, article_id, ArticleState.WITHDRAWN, now=house.clock.now())
