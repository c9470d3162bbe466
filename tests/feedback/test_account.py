"""When an address is given up: after one report that leaves no doubt, after several that do, never for our own faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.feedback.account import Entry, is_certain, is_dead, is_failure, is_too_much, puts_out, shipped_terms
from digest.model.feedback import Report, ReportClass, ReportKind

TERMS = shipped_terms()
DAY = datetime(2026, 3, 1, 7, tzinfo=UTC)
HARD, SOFT = ReportClass.HARD, ReportClass.SOFT


def at(days: float) -> datetime:
    return DAY + timedelta(days=days)


def soft(*days: float) -> list[Entry]:
    """Return a soft failure of each of these days' editions."""
    return [Entry(SOFT, number, at(day)) for number, day in enumerate(days)]


def hard(*days: float) -> list[Entry]:
    """Return a doubtful hard failure of each of these days' editions."""
    return [Entry(HARD, number, at(day)) for number, day in enumerate(days)]


ROWS = [
    ("nothing", [], False),
    ("one that leaves no doubt", [Entry(HARD, 1, DAY, is_certain=True)], True),
    ("one that does", hard(0), False),
    ("two in a week", hard(0, 7), True),
    ("two in a week whose second came an hour later in the day", hard(0, 7 + 1 / 24), True),
    ("two that lie further apart", hard(0, 8), False),
    ("two reports about one edition", [Entry(HARD, 1, DAY), Entry(HARD, 1, at(1))], False),
    ("the second and third of three in a week", hard(0, 20, 25), True),
    ("soft: five in two weeks", soft(0, 3, 6, 9, 14), True),
    ("soft: five in thirteen days", soft(0, 3, 6, 9, 13), False),
    ("soft: four in a month", soft(0, 10, 20, 30), False),
    ("soft: many of two editions", [Entry(SOFT, n % 2, at(n)) for n in range(20)], False),
    ("soft: once a week", soft(0, 7, 14, 21, 28), True),
]


@pytest.mark.parametrize(("entries", "dead"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_address_is_given_up_by_the_numbers_of_the_table(entries: list[Entry], dead: bool):
    """In whatever order the reports came."""
    assert is_dead(entries, TERMS) is dead
    assert is_dead(entries[::-1], TERMS) is dead


entries = st.lists(
    st.builds(Entry, st.sampled_from([HARD, SOFT]), st.integers(1, 9), st.floats(0, 60).map(at), st.booleans()),
    max_size=15,
)


@given(entries)
def test_a_mail_that_arrived_after_them_all_forgives_whatever_left_a_doubt(found: list[Entry]):
    """A dead mailbox takes no mail: what leaves no doubt is not forgiven."""
    assert is_dead(found, TERMS, succeeded_at=at(61)) is any(e.is_certain and e.report_class is HARD for e in found)


@given(entries, entries)
def test_more_reports_never_bring_an_address_back(found: list[Entry], more: list[Entry]):
    """Only success does, or the reader."""
    later = [Entry(each.report_class, each.edition_id + 10, each.at, each.is_certain) for each in more]

    assert not is_dead(found, TERMS) or is_dead(found + later, TERMS)


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        (Report(ReportKind.BOUNCE, ReportClass.HARD), True),
        (Report(ReportKind.BOUNCE, ReportClass.SOFT), True),
        (Report(ReportKind.BOUNCE, ReportClass.BLOCK), False),
        (Report(ReportKind.BOUNCE, ReportClass.HARD, is_sender_fault=True), False),
        (Report(ReportKind.BOUNCE, ReportClass.SOFT, "5.3.4", cause="too-big"), False),
        (Report(ReportKind.BOUNCE, ReportClass.SOFT, "5.5.2", cause="try-later"), False),
        (Report(ReportKind.DELAYED, ReportClass.SOFT), False),
        (Report(ReportKind.DELIVERED, ReportClass.DELIVERED), False),
        (Report(ReportKind.AUTO_REPLY, ReportClass.AUTO_REPLY), False),
    ],
    ids=["dead", "full", "blocked", "our fault", "too large", "our syntax", "delayed", "delivered", "away"],
)
def test_only_a_failure_that_is_the_readers_stands_on_the_account(report: Report, counts: bool):
    """Blocks, delays and good news do not."""
    assert is_failure(report, TERMS) is counts


def test_the_codes_that_leave_no_doubt_are_those_about_the_address():
    """A class of 5 is a matter of the report; a host that is not found may come back."""
    certain = [code for code in ("5.1.1", "5.1.10", "5.1.2", "5.2.1", "5.0.0", "", "5.4.4") if is_certain(code, TERMS)]

    assert certain == ["5.1.1", "5.1.10"]


def test_a_complaint_of_no_known_type_is_a_readers_wish():
    """Types that are none are few, and named."""
    assert [kind for kind in ("abuse", "opt-out", "", "new", "not-spam", "auth-failure") if puts_out(kind, TERMS)] == [
        "abuse", "opt-out", "", "new",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "reached", "paused"),
    [(3, 2999, True), (3, 3000, False), (2, 10, False), (0, 0, False)],
    ids=["above", "just not above", "too few to tell", "nobody reached"],
)
def test_complaints_are_too_many_above_a_tenth_of_a_percent(count: int, reached: int, paused: bool):
    """And from three on: one of a hundred readers is no sign."""
    assert is_too_much(count, reached, rate=TERMS.complaint_rate, least=TERMS.complaint_least) is paused
