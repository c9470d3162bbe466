"""Who got what, printed: readable in a terminal, whole lines in a pipe."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from digest.cli.demo.rows import REASON_WORDS, STATE_WORDS, ReaderRow, local_time, outcome_of, plain
from digest.cli.demo.table import lines_of, print_rows
from digest.model.delivery import DeliveryState
from digest.model.digest import SkipReason

KATHMANDU = datetime(2026, 11, 23, 5, 45, tzinfo=ZoneInfo("Asia/Kathmandu"))


def reader(**changes) -> ReaderRow:
    row = {
        "address": "ada@example.org",
        "name": "Ada",
        "locale": "en",
        "zone": "Asia/Kathmandu",
        "hour": "05:45",
        "follows": ("Trade", "Energy"),
        "slot_local": KATHMANDU,
        "state": "sent",
        "articles": (("A Quiet Winter", "because you follow Trade: tariff"),),
    }
    return ReaderRow(**(row | changes))


def printed(rows, *, terminal=False, width=80) -> str:
    out = io.StringIO()
    print_rows(rows, Console(file=out, force_terminal=terminal, width=width, color_system=None, legacy_windows=False))
    return out.getvalue()


def test_in_a_pipe_every_reader_is_a_block_of_whole_lines():
    """Lines are not folded, so that grep finds them."""
    title = "A Title That Goes On " * 12

    lines = printed([reader(articles=((title, "because"),))], width=40).splitlines()

    assert lines[0] == "Ada <ada@example.org>"
    assert "Mon 23 Nov 2026, 05:45 UTC+05:45 · 05:45 in Asia/Kathmandu · en" in lines[1]
    assert f"    1. {title.strip()}" in lines


def test_a_reader_without_mail_is_told_with_the_reason():
    """Never an empty cell."""
    rows = [reader(state="skipped", reason="too_few", articles=())]

    for out in (printed(rows), " ".join(printed(rows, terminal=True, width=120).split())):
        assert "no mail: fewer articles" in out


@pytest.mark.parametrize("width", [20, 40, 87, 88, 120, 300])
def test_a_terminal_of_any_width_is_never_overrun(width):
    """Long addresses and titles in wide scripts wrap inside."""
    rows = [
        reader(
            address="a" * 60 + "@subdomain.example.org",
            articles=(("전력을 절반만 쓰는 메모리 " * 8, "반도체"), ("看板の文字を百年先の書体に" * 6, "")),
        )
    ]

    lines = printed(rows, terminal=True, width=width).splitlines()

    assert max(cell_len(line) for line in lines) <= width


def test_markup_and_escape_codes_in_a_title_are_shown_not_obeyed():
    """A title could otherwise repaint the screen."""
    rows = [reader(name="[bold red]x[/]", articles=(("\x1b[2Jgone \x9b31m [link=http://example.org]:smile:", ""),))]

    for out in (printed(rows), printed(rows, terminal=True, width=140)):
        assert "\x1b[2J" not in out
        assert "\x9b" not in out
        assert "[bold red]x[/]" in out
        assert ":smile:" in out


@given(st.text(st.characters()))
def test_plain_text_is_one_line_without_control_characters(text):
    """Law: whatever comes in, one harmless line comes out, and again is the same."""
    once = plain(text)

    assert len(once.splitlines()) <= 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in once)
    assert plain(once) == once


def test_every_state_and_every_reason_has_its_words():
    """A new word in the model must get its sentence here."""
    assert set(DeliveryState) <= set(STATE_WORDS)
    assert set(SkipReason) <= set(REASON_WORDS)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("sent", "", "sent"),
        ("", "", "no mail"),
        ("", "pending", "no mail: not confirmed yet"),
        ("skipped", "paused", "no mail: paused by the reader"),
        ("skipped", "the moon was full", "no mail: the moon was full"),
        ("deferred", "450 try later", "put off, will be tried again: 450 try later"),
    ],
)
def test_what_came_of_a_reader_is_a_phrase(state, reason, words):
    """Known words are explained, unknown ones shown."""
    assert outcome_of(reader(state=state, reason=reason)) == words


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 7, 1, 7, tzinfo=ZoneInfo("Europe/Berlin")), "Wed 1 Jul 2026, 07:00 CEST"),
        (datetime(2026, 7, 1, 7, tzinfo=ZoneInfo("America/Sao_Paulo")), "Wed 1 Jul 2026, 07:00 UTC−03:00"),
        (datetime(2026, 7, 1, 7, tzinfo=UTC), "Wed 1 Jul 2026, 07:00 UTC"),
    ],
)
def test_a_local_time_says_its_zone(moment, said):
    """By its letters where it has some, else by its offset."""
    assert local_time(moment) == said


def test_someone_who_follows_nothing_in_particular_follows_everything():
    """The empty list has a word."""
    assert "follows everything" in lines_of([reader(follows=())])
