"""An edition that waits for an approval: nothing goes out before it, and what goes out is what was approved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from digest.errors import BadInput
from digest.model.article import ArticleState
from digest.model.newsletter import ApprovalRule, CutOff
from digest.model.note import NoteKind
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.editing.write_note import clear_note, write_note
from digest.pipeline.planning.approve import approve_edition, standing_of, withdraw_approval
from digest.pipeline.planning.hold_edition import cancel_edition, pause_edition, resume_edition
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.rehearse import rehearse
from digest.pipeline.tick import plan_due
from digest.store.articles import set_state
from digest.store.rulings import lift_ruling, save_ruling
from tests.house import House
from tests.lived import Story
from tests.pipeline.people import ANNA, BEN
from tests.sink import Mail, Sink

NAME = "daily/2026-11-23"
LATER = 4_000_000_000_000_000  # microseconds: the year 2096
AT_FIVE = CutOff(at=time(5, 0))


@pytest.fixture
def waiting(lived: Callable[[Story], House]) -> House:
    """Give an edition that is planned for Anna (trade) and Ben (energy) and waits for an approval, at 07:00."""
    return lived(plan)


def plan(house: House, sink: Sink) -> None:
    house.newsletter(approval=ApprovalRule.ONE, cut_off=AT_FIVE)
    house.readers([{"email": ANNA, "topics": "trade"}, {"email": BEN, "topics": "energy"}])
    house.article("trade", "Tariff one", at=house.clock.now() - timedelta(hours=2))
    house.article("energy", "Solar one", at=house.clock.now() - timedelta(hours=2))
    house.move(hours=1)
    plan_due(house.installation)


def approve(house: House, by: str = "Eva", **more: str) -> None:
    approve_edition(house.installation, NAME, by=by, **more)


def state(house: House) -> str:
    return str(house.rows("SELECT state FROM editions ORDER BY id LIMIT 1")[0][0])


def got(sink: Sink) -> list[str]:
    return sorted(mail.recipient for mail in sink.mails)


def test_nothing_goes_out_before_the_approval_and_all_of_it_after(waiting: House, sink: Sink) -> None:
    """Whoever sends, however often and after a restart; the record has who and when."""
    waiting.dispatch(sink)
    waiting.plan(who=Who.EVERYONE)
    again = House(waiting.folder, waiting.database, clock=waiting.clock)
    again.dispatch(sink)
    before = got(sink), state(waiting)
    # Due never, and not in the way of who is due; the log shows no time for it.
    assert waiting.rows("SELECT COUNT(*) FROM deliveries WHERE next_attempt_at <= :now", now=LATER) == [(0,)]
    assert {each.next_attempt_at for each in waiting.log() if each.state == "ready"} == {None}
    approve(waiting)
    again.dispatch(sink)
    again.engine.dispose()

    assert before == ([], "awaiting")
    assert got(sink) == [ANNA, BEN]
    (word,) = standing_of(waiting.installation, NAME).approvals
    assert (word.by, word.at, word.stands) == ("Eva", waiting.clock.now(), True)
    assert state(waiting) == "finished"


@pytest.mark.sqlite
def test_an_edition_may_be_approved_before_its_first_reader_is_due(house: House, sink: Sink) -> None:
    """After the cut-off, when its pool is complete; not before it."""
    house.newsletter(approval=ApprovalRule.ONE, cut_off=CutOff(at=time(18, 0), days_before=1))
    house.reader(ANNA)
    house.article("trade", at=house.clock.now() - timedelta(days=1))
    house.clock.at = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    with pytest.raises(BadInput, match="complete at 2026-11-22 18:00 UTC"):
        approve(house)
    house.move(hours=2)
    approve(house)
    house.clock.at = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    plan_due(house.installation)
    house.dispatch(sink)

    assert got(sink) == [ANNA]


def edited(house: House) -> None:
    house.article("trade", "Tariff one, corrected", url="https://press.example.net/1")


def withdrawn(house: House) -> None:
    with house.engine.begin() as connection:
        set_state(connection, 1, ArticleState.WITHDRAWN, now=house.clock.now())


def pinned(house: House) -> None:
    with house.engine.begin() as connection:
        save_ruling(connection, Ruling(2, RulingKind.PIN, "daily", None, "Ola", house.clock.now()))


def excluded(house: House) -> None:
    with house.engine.begin() as connection:
        save_ruling(connection, Ruling(2, RulingKind.EXCLUDE, "", None, "Ola", house.clock.now()))


def noted(house: House) -> None:
    write_note(house.installation, NAME, NoteKind.NOTE, "A word before.", by="Ola")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(edited, "article 1 was edited", id="an article is edited"),
        pytest.param(withdrawn, "article 1 was withdrawn", id="an article is withdrawn"),
        pytest.param(pinned, "a decision on article 2 (pin)", id="an article is pinned"),
        pytest.param(excluded, "a decision on article 2 (exclude)", id="an article is excluded"),
        pytest.param(noted, "a note was written", id="a note is written"),
    ],
)
def test_a_change_withdraws_the_approval_and_what_has_not_left_is_planned_anew(
    waiting: House, sink: Sink, change: object, why: str
) -> None:
    """It says so and why, nothing goes out, and after another approval it goes out as it is then."""
    approve(waiting)
    change(waiting)  # type: ignore[operator]
    waiting.dispatch(sink)
    while_withdrawn = got(sink)
    (word,) = standing_of(waiting.installation, NAME).approvals
    approve(waiting, by="Uli")
    waiting.dispatch(sink)

    assert while_withdrawn == []
    assert (word.stands, word.withdrawn_because, word.withdrawn_at) == (False, why, word.withdrawn_at)
    assert set(got(sink)) <= {ANNA, BEN}
    assert got(sink)
    assert waiting.rows("SELECT COUNT(*) FROM deliveries WHERE plan_no = 1 AND state = 'sent'") == [(0,)]


@pytest.mark.sqlite
def test_what_is_not_in_the_pool_withdraws_nothing(waiting: House, sink: Sink) -> None:
    """Interests, an article that came after the cut-off, another newsletter's decisions; and lifting counts."""
    waiting.newsletter("weekly")
    approve(waiting)
    waiting.reader(ANNA, topics="energy")
    late = waiting.article("trade", "Tariff late")
    with waiting.engine.begin() as connection:
        now = waiting.clock.now()
        set_state(connection, late, ArticleState.WITHDRAWN, now=now)
        save_ruling(connection, Ruling(1, RulingKind.PIN, "weekly", None, "Ola", now))
    stood = standing_of(waiting.installation, NAME).approval is not None
    pinned(waiting)
    approve(waiting)
    with waiting.engine.begin() as connection:
        lift_ruling(connection, 2, "daily", RulingKind.PIN, now=waiting.clock.now(), by="Ola")

    assert stood
    assert [each.withdrawn_because for each in standing_of(waiting.installation, NAME).approvals] == [
        "a decision on article 2 (pin)",
        "a decision on article 2 (pin) was taken back",
    ]


@pytest.mark.sqlite
def test_a_reader_who_changes_interests_gets_what_suits_them_of_the_approved_pool(waiting: House, sink: Sink) -> None:
    """Selection is a function of pool, profile and history; Ben moves to a zone that comes later."""
    waiting.reader("cho@example.org", topics="trade", timezone="America/New_York")
    approve(waiting)
    waiting.reader("cho@example.org", topics="energy", timezone="America/New_York")
    waiting.move(hours=5)
    plan_due(waiting.installation)
    waiting.dispatch(sink)

    assert got(sink) == [ANNA, BEN, "cho@example.org"]
    assert len(waiting.rows("SELECT DISTINCT pool_id FROM digests JOIN deliveries ON digest_id = digests.id")) == 1
    assert "Solar one" in next(m.content.decode() for m in sink.mails if m.recipient == "cho@example.org")


@pytest.mark.sqlite
def test_a_template_that_changed_since_is_found_when_the_next_slot_is_planned(house: House, sink: Sink) -> None:
    """No table knows of it; what was planned before goes out as approved only with another approval."""
    import shutil

    house.templates = house.folder / "templates"
    shutil.copytree(house.installation.templates, house.templates)
    other = House(house.folder, house.database, clock=house.clock, templates=house.templates)
    other.newsletter(approval=ApprovalRule.ONE, cut_off=AT_FIVE)
    other.readers([{"email": ANNA, "topics": "trade"}])
    other.reader(BEN, topics="trade", timezone="America/New_York")
    other.article("trade", at=house.clock.now() - timedelta(hours=2))
    other.move(hours=1)
    plan_due(other.installation)
    approve(other)
    shell = house.templates / "email/digest/shell.txt"
    shell.write_text(shell.read_text() + "\n")
    other.move(hours=5)
    plan_due(other.installation)
    other.dispatch(sink)
    (word,) = standing_of(other.installation, NAME).approvals
    other.engine.dispose()

    assert "template" in word.withdrawn_because
    assert got(sink) == []


@pytest.mark.sqlite
def test_an_approval_that_comes_too_late_skips_with_a_reason(waiting: House, sink: Sink) -> None:
    """By max_late from each reader's slot; those whose hour is still near get it."""
    waiting.newsletter(max_late=timedelta(hours=2))
    waiting.reader("cho@example.org", topics="trade", timezone="America/New_York")
    waiting.move(hours=5.5)
    plan_due(waiting.installation)
    approve(waiting)
    waiting.dispatch(sink)

    assert waiting.states() == {
        ANNA: "skipped(not_approved)",
        BEN: "skipped(not_approved)",
        "cho@example.org": "sent",
    }
    with pytest.raises(BadInput, match="approved already, by Eva"):
        approve(waiting)


@pytest.mark.sqlite
def test_what_nobody_approves_is_skipped_and_told_the_next_day(waiting: House, sink: Sink) -> None:
    """Half a day after its hour; its stories were not shown."""
    waiting.move(hours=13)
    plan_due(waiting.installation)
    first = waiting.states()
    waiting.move(hours=11)
    plan_due(waiting.installation)
    approve_edition(waiting.installation, "daily/2026-11-24", by="Eva")
    waiting.dispatch(sink)

    assert set(first.values()) == {"skipped(not_approved)"}
    assert state(waiting) == "finished"
    assert got(sink) == [ANNA, BEN]


@pytest.mark.sqlite
def test_whoever_had_the_last_hand_in_it_needs_a_second_person(waiting: House, sink: Sink) -> None:
    """With approval = "two": the last to write a note or to decide on an article."""
    waiting.newsletter(approval=ApprovalRule.TWO)
    noted(waiting)
    waiting.move(minutes=1)
    with waiting.engine.begin() as connection:
        save_ruling(connection, Ruling(1, RulingKind.PIN, "daily", None, "Eva", waiting.clock.now()))
    with pytest.raises(BadInput, match="somebody else must approve"):
        approve(waiting, by=" eva")
    approve(waiting, by="Ola")
    waiting.dispatch(sink)

    assert got(sink) == [ANNA, BEN]


@pytest.mark.sqlite
def test_who_looked_at_something_else_approves_nothing(waiting: House) -> None:
    """The page says which pool it showed; another one since is refused."""
    seen = standing_of(waiting.installation, NAME).pool_hash
    noted(waiting)
    with pytest.raises(BadInput, match="look again"):
        approve(waiting, expected=seen)
    approve(waiting, expected=standing_of(waiting.installation, NAME).pool_hash)

    assert standing_of(waiting.installation, NAME).approval is not None


def test_of_two_approvals_at_once_one_counts(waiting: House, sink: Sink) -> None:
    """The other one is told who was first."""
    told: list[str] = []

    def say(who: str) -> None:
        try:
            approve(waiting, by=who)
        except BadInput as error:
            told.append(str(error))

    both = [threading.Thread(target=say, args=(who,)) for who in ("Eva", "Ola")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    waiting.dispatch(sink)

    (word,) = standing_of(waiting.installation, NAME).approvals
    assert told == [f"{NAME} was approved already, by {word.by} at 2026-11-23 07:00 UTC"]
    assert got(sink) == [ANNA, BEN]


def test_a_withdrawal_while_mails_are_in_flight_lets_nothing_else_go(house: House, sink: Sink) -> None:
    """What had begun goes out; the rest waits, and goes out once, as it was approved the second time."""
    readers = [f"r{n:02}@example.org" for n in range(40)]
    house.newsletter(approval=ApprovalRule.ONE, cut_off=AT_FIVE)
    house.readers([{"email": each, "topics": "trade"} for each in readers])
    house.article("trade", "Tariff one", at=house.clock.now() - timedelta(hours=2))
    house.move(hours=1)
    house.plan()
    approve(house)
    changed: list[int] = []

    def change(mail: Mail) -> None:
        if len(sink.mails) == 3:
            noted(house)
            changed.append(len(sink.mails))

    sink.on_mail = change
    house.dispatch(sink)
    sink.on_mail = lambda mail: None
    first = got(sink)
    approve(house, by="Uli")
    house.dispatch(sink)

    assert changed
    assert len(first) < len(readers)
    assert got(sink) == readers
    later = [mail.content.decode() for mail in sink.mails[len(first) :]]
    assert all("A word before." in each for each in later)


def test_a_row_of_another_pool_is_never_claimed(waiting: House, sink: Sink) -> None:
    """One that a sender gave back after the withdrawal has its old digest still: it is planned anew first."""
    approve(waiting)
    old = waiting.rows("SELECT id, digest_id FROM deliveries ORDER BY id")
    noted(waiting)
    for number, digest in old:
        waiting.change("UPDATE deliveries SET digest_id = :g WHERE id = :id", g=digest, id=number)
    approve(waiting, by="Uli")
    waiting.dispatch(sink)

    assert got(sink) == [ANNA, BEN]
    assert all("A word before." in mail.content.decode() for mail in sink.mails)


@pytest.mark.sqlite
def test_a_paused_edition_stays_so_when_it_is_approved_and_awaits_when_it_is_not(waiting: House, sink: Sink) -> None:
    """Two locks, each with its own key; a cancelled one has none."""
    pause_edition(waiting.installation, NAME)
    resume_edition(waiting.installation, NAME)
    unapproved = state(waiting)
    pause_edition(waiting.installation, NAME)
    approve(waiting)
    waiting.dispatch(sink)
    paused = state(waiting), got(sink)
    resume_edition(waiting.installation, NAME)
    withdraw_approval(waiting.installation, NAME, by="Eva")
    taken_back = state(waiting)
    with pytest.raises(BadInput, match="not approved"):
        withdraw_approval(waiting.installation, NAME, by="Eva")
    cancel_edition(waiting.installation, NAME)

    assert (unapproved, paused, taken_back) == ("awaiting", ("paused", []), "awaiting")
    with pytest.raises(BadInput, match="cancelled"):
        approve(waiting)


def test_a_newsletter_that_begins_to_ask_holds_what_has_not_left_and_one_that_ends_lets_it_go(
    house: House, sink: Sink
) -> None:
    """The file decides, also about what is planned already."""
    house.reader(ANNA)
    house.article("trade", at=house.clock.now() - timedelta(hours=2))
    house.move(hours=1)
    house.plan()
    house.newsletter(approval=ApprovalRule.ONE, cut_off=AT_FIVE)
    house.dispatch(sink)
    held = state(house), got(sink)
    house.newsletter(approval=ApprovalRule.NONE)
    house.dispatch(sink)

    assert held == ("awaiting", [])
    assert got(sink) == [ANNA]


@pytest.mark.sqlite
def test_a_note_for_an_edition_to_come_does_not_open_it(house: House) -> None:
    """It is begun, and waits."""
    house.newsletter(approval=ApprovalRule.ONE, cut_off=AT_FIVE)
    house.reader(ANNA)
    write_note(house.installation, "daily/2026-11-24", NoteKind.NOTE, "Soon.", by="Ola")
    clear_note(house.installation, "daily/2026-11-24", NoteKind.NOTE)

    assert state(house) == "awaiting"


@pytest.mark.sqlite
def test_an_edition_that_needs_no_approval_says_so(house: House) -> None:
    """Nobody shall think that a word of theirs held something."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()

    with pytest.raises(BadInput, match="needs no approval"):
        approve(house)


@pytest.mark.sqlite
def test_an_edition_stands_among_the_others_as_soon_as_its_pool_is_complete(house: House) -> None:
    """Tomorrow's, once the cut-off has passed, so that an editor finds it to approve."""
    house.newsletter(approval=ApprovalRule.ONE, cut_off=CutOff(at=time(18, 0), days_before=2))
    plan_due(house.installation)
    before = house.rows("SELECT period, state FROM editions")
    house.move(hours=12)
    plan_due(house.installation)
    plan_due(house.installation)
    after = house.rows("SELECT period, state FROM editions ORDER BY period")
    house.move(days=45)
    plan_due(house.installation)

    assert before == [("2026-11-24", "awaiting")]
    assert after == [*before, ("2026-11-25", "awaiting")]  # of which the first readers, in Kiritimati, are due at 17:00
    assert house.rows("SELECT state FROM editions WHERE period < '2026-12'") == [("finished",)] * 2


@pytest.mark.sqlite
def test_an_approval_that_fails_half_way_is_none(waiting: House, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before it is written whole, nothing goes out; after it, whoever starts next sends."""

    def dies(*_: object) -> int:
        raise SystemExit("killed")

    monkeypatch.setattr("digest.pipeline.planning.approve.ask_for_workers", dies)
    with pytest.raises(SystemExit):
        approve(waiting)
    waiting.dispatch(sink)
    half_way = got(sink), standing_of(waiting.installation, NAME).approvals
    monkeypatch.undo()
    approve(waiting)
    again = House(waiting.folder, waiting.database, clock=waiting.clock)
    again.dispatch(sink)
    again.engine.dispose()

    assert half_way == ([], ())
    assert got(sink) == [ANNA, BEN]


@pytest.mark.sqlite
def test_a_dry_run_says_what_waits_for_an_approval(waiting: House) -> None:
    """Neither as due nor as nothing."""
    told = rehearse(waiting.installation, "daily", at=waiting.clock.now(), who=Who.LATEST)

    assert list(told.lines()) == [f"{NAME}: 2 readers, planned already, would get a mail once it is approved."]
