"""An editor's note and an announcement: what readers of an edition see beside its articles."""

from __future__ import annotations

from datetime import time

import pytest

from digest.errors import BadInput, BadTemplate, NotFound
from digest.model.newsletter import Schedule
from digest.model.note import NoteKind
from digest.pipeline.editing.write_note import clear_note, read_notes, write_note
from digest.pipeline.planning import plan
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.pipeline.previewing.view import mail_page
from tests.house import House
from tests.pipeline.people import ANNA, BEN, CHO, told
from tests.sink import Do, Sink

TEXT = "# We move\n\nFrom *Monday* on at [our new page](https://example.org/new?a=1&b=2)."


def say(house: House, kind: NoteKind, text: str = TEXT, edition: str = "daily") -> int:
    """Return how many mails are planned anew."""
    return write_note(house.installation, edition, kind, text, by="Eva").replanned


def test_an_announcement_goes_once_to_every_active_reader_who_is_due(house: House, sink: Sink):
    """Whatever suits them: articles come below it; who has none gets it alone, and who is away gets nothing."""
    house.reader(ANNA, topics="trade")
    house.reader(BEN, topics="sport")
    house.reader(CHO, topics="sport")
    house.leave(CHO)
    house.article("trade", "Tariff one")
    say(house, NoteKind.ANNOUNCEMENT)
    house.move(hours=2)
    for _ in range(2):
        house.send(sink)
    mails = {mail.recipient: mail for mail in sink.mails}

    assert sorted(mail.recipient for mail in sink.mails) == [ANNA, BEN]
    assert mails[BEN].parsed["Subject"] == "We move"
    assert mails[ANNA].parsed["Subject"] == "Tariff one"
    for mail in sink.mails:
        assert '<h2 class="saying-title"' in mail.html
        assert 'href="https://example.org/new?a=1&amp;b=2"' in mail.html
        assert "From Monday on at our new page (https://example.org/new?a=1&b=2)." in " ".join(mail.text.split())
    assert "Here is what we chose for you." not in mails[BEN].text
    house.move(days=1)
    house.send(sink)
    assert len(sink.mails) == 2


def test_a_note_is_in_every_mail_of_its_edition_and_makes_none(house: House, sink: Sink):
    """The next edition is without it."""
    house.reader(ANNA, topics="trade", locale="ar")
    house.reader(BEN, topics="sport")
    house.article("trade", "Tariff one")
    say(house, NoteKind.NOTE, "Good morning & <b>welcome</b>")
    house.move(hours=2)
    house.send(sink)
    house.move(days=1)
    house.article("trade", "Tariff two")
    house.send(sink)

    assert [mail.recipient for mail in sink.mails] == [ANNA, ANNA]
    assert "Good morning &amp; &lt;b&gt;welcome&lt;/b&gt;" in sink.mails[0].html
    assert 'lang="en" dir="ltr"' in sink.mails[0].html
    assert "Good morning & <b>welcome</b>" in sink.mails[0].text
    assert "Good morning" not in sink.mails[1].html + sink.mails[1].text


def test_a_second_try_and_the_page_are_the_same_bytes_after_the_note_has_changed(house: House, sink: Sink):
    """What may have left is not planned anew; it is kept with its pieces."""
    house.reader(ANNA, topics="trade")
    house.article("trade", "Tariff one")
    say(house, NoteKind.NOTE, "First words")
    house.move(hours=2)
    sink.script = lambda _who, number: Do.LOSE_REPLY if number == 1 else Do.TAKE
    house.send(sink)
    (edition,) = house.rows("SELECT DISTINCT edition_id FROM deliveries")
    assert say(house, NoteKind.NOTE, "Other words", str(edition[0])) == 0
    house.move(hours=2)
    house.dispatch(sink)

    first, second = sink.mails
    assert first.content == second.content
    token = second.html.split("/v/")[1][:32]
    assert "First words" in mail_page(house.installation, token)


def test_mails_that_wait_get_the_note_too(house: House, sink: Sink):
    """Written after the planning, it is in what goes out afterwards; taken back, it is not."""
    house.reader(ANNA, topics="trade")
    house.article("trade", "Tariff one")
    house.move(hours=2)
    house.plan()
    assert say(house, NoteKind.NOTE, "Late words", "daily/2026-11-23") == 1
    assert clear_note(house.installation, "daily/2026-11-23", NoteKind.NOTE).replanned == 0
    assert say(house, NoteKind.NOTE, "Latest words", "daily/2026-11-23") == 0
    house.dispatch(sink)

    assert "Latest words" in sink.mails[0].html
    assert "Late words" not in sink.mails[0].html


def test_a_note_written_while_its_edition_is_planned_is_in_every_mail(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """The pool had been read without it; before the rows are written it is looked at again."""
    house.reader(ANNA, topics="trade")
    house.article("trade", "Tariff one")
    house.move(hours=2)
    write = plan.write_cohorts

    def interfere(*args, **more):
        if not house.rows("SELECT 1 FROM edition_notes"):
            say(house, NoteKind.NOTE, "Just now", "daily/2026-11-23")
        return write(*args, **more)

    monkeypatch.setattr(plan, "write_cohorts", interfere)
    house.send(sink)

    assert "Just now" in sink.mails[0].html


def test_a_preview_shows_both_and_writes_nothing(house: House):
    """In the message, and in JSON as they were written."""
    house.reader(ANNA, topics="sport")
    say(house, NoteKind.ANNOUNCEMENT, "Hear this", "daily/2026-11-23")
    say(house, NoteKind.NOTE, "And this", "daily/2026-11-23")
    house.move(hours=2)
    before = house.dump()
    shown = preview(house.installation, "daily", ANNA, at=house.clock.now())

    assert "Hear this" in shown.html
    assert "And this" in shown.text
    said = shown.as_json()
    assert (said["skip"], said["announcement"], said["note"]) == (None, "Hear this", "And this")
    assert house.dump() == before


def test_a_newsletter_means_its_first_edition_for_which_nobody_is_planned(house: House, sink: Sink):
    """An hour before the slot it is today's, afterwards tomorrow's; asking makes no edition."""
    house.reader(ANNA, topics="trade")
    house.article("trade")
    assert read_notes(house.installation, "daily").edition == "daily/2026-11-23"
    assert house.rows("SELECT * FROM editions") == []
    house.move(hours=2)
    house.send(sink)

    assert read_notes(house.installation, "daily").edition == "daily/2026-11-24"


def test_an_edition_of_one_hour_can_be_named(house: House, sink: Sink):
    """And a newsletter that comes every six hours means the next one."""
    house.newsletter(schedule=Schedule(hours=6, at=time(0)))
    house.reader(ANNA, topics="trade")
    house.article("trade")
    next_one = read_notes(house.installation, "daily").edition
    write_note(house.installation, "daily/2026-11-23T12:00Z", NoteKind.NOTE, "At noon", by="Eva")
    house.move(hours=6)
    house.send(sink, who=Who.DUE)

    assert next_one == "daily/2026-11-23T12:00Z"
    assert "At noon" in sink.mails[0].text


def test_who_has_hours_of_their_own_does_not_decide_which_edition_is_next(house: House):
    """The note is for the newsletter's readers, not for the one who reads every two hours."""
    house.reader(ANNA, topics="trade", frequency="every 2h")
    house.reader(BEN, topics="trade")

    assert read_notes(house.installation, "daily").edition == "daily/2026-11-23"


@pytest.mark.parametrize(
    ("edition", "text", "error", "said"),
    [
        pytest.param("nope", "x", NotFound, "no newsletter 'nope'", id="an unknown newsletter"),
        pytest.param("daily/soon", "x", BadInput, "names no edition", id="no day"),
        pytest.param("daily/Tuesday", "x", BadInput, "names no edition", id="a word with a T"),
        pytest.param("daily/2026-11-23T06:00", "x", BadInput, "names no edition", id="an hour without its zone"),
        pytest.param("daily/2026-11-23+correction", "x", BadInput, "names no edition", id="a correction"),
        pytest.param("daily", "  \n", BadInput, "says nothing", id="nothing to say"),
        pytest.param("daily", "x" * 20_001, BadInput, "20,001 characters", id="too long"),
    ],
)
def test_what_cannot_be_said_is_told_at_once(house: House, edition: str, text: str, error: type, said: str):
    """And nothing is written."""
    before = house.dump()
    with pytest.raises(error, match=said):
        say(house, NoteKind.NOTE, text, edition)

    assert house.dump() == before


def test_a_template_without_a_place_for_it_is_told_when_the_note_is_written(house: House, tmp_path):
    """Not by readers."""
    own = tmp_path / "templates" / "email"
    own.mkdir(parents=True)
    (own / "digest").symlink_to(house.templates / "email" / "digest")
    (own / "plain").mkdir()
    shell = (house.templates / "email" / "digest" / "shell.html").read_text()
    (own / "plain" / "shell.html").write_text(shell.replace("{{ text.html }}", ""))
    bare = House(tmp_path, house.database, templates=tmp_path / "templates")
    bare.newsletter("daily", template="plain")

    with pytest.raises(BadTemplate, match=r"edition\.note\.html"):
        say(bare, NoteKind.NOTE)
    bare.engine.dispose()


def test_what_is_told_in_an_announcement_alone_moves_no_history(house: House, sink: Sink):
    """The articles that come later are all told."""
    house.reader(ANNA, topics="trade")
    say(house, NoteKind.ANNOUNCEMENT, "Hear this", "daily/2026-11-23")
    house.move(hours=2)
    house.send(sink)
    house.article("trade", "Tariff one")
    house.move(days=1)
    house.send(sink)

    assert told(house, sink) == [[], ["Tariff one"]]
