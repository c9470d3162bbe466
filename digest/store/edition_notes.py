"""Editors' notes and announcements: one of each kind for an edition, which may be still to come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from digest.model.note import EditionNote, NoteKind
from digest.store.approvals import edition_changed
from digest.store.replan import replan_edition
from digest.store.standing import make_edition
from digest.store.tables import edition_notes, editions, newsletters, to_micros

_COLUMNS = (
    edition_notes.c.kind,
    edition_notes.c.markdown,
    edition_notes.c.language,
    edition_notes.c.written_by,
    edition_notes.c.written_at,
)

_ONE = {NoteKind.NOTE: "a note", NoteKind.ANNOUNCEMENT: "an announcement"}


def edition_to_come(connection: Connection, newsletter_id: int, period: str, now: datetime) -> int:
    """Return the id of the edition of *period*, made when missing; unlike planning it opens no finished one."""
    make_edition(connection, newsletter_id, period, to_micros(now))
    found = select(editions.c.id).where(editions.c.newsletter_id == newsletter_id, editions.c.period == period)
    return int(connection.execute(found).scalar_one())


def save_note(connection: Connection, edition_id: int, note: EditionNote) -> int:
    """Write *note* over one of its kind; return how many waiting mails of the edition are planned anew."""
    _hold_edition(connection, edition_id)
    _remove(connection, edition_id, note.kind)
    values = {
        "edition_id": edition_id,
        "kind": note.kind,
        "markdown": note.markdown,
        "language": note.language,
        "written_by": note.by,
        "written_at": note.at,
    }
    connection.execute(insert(edition_notes).values(values))
    replanned = replan_edition(connection, edition_id, now=note.at)
    edition_changed(connection, edition_id, f"{_ONE[note.kind]} was written", by=note.by, now=note.at)
    return replanned


def drop_note(connection: Connection, edition_id: int, kind: NoteKind, now: datetime) -> int | None:
    """Take a note back; return how many waiting mails are planned anew, None when there was no such note."""
    _hold_edition(connection, edition_id)
    if not _remove(connection, edition_id, kind):
        return None
    replanned = replan_edition(connection, edition_id, now=now)
    edition_changed(connection, edition_id, f"{_ONE[kind]} was taken back", now=now)
    return replanned


def notes_of(connection: Connection, edition_id: int, *, hold: bool = False) -> dict[NoteKind, EditionNote]:
    """Return the notes of an edition by kind; with *hold* they stay so until the transaction ends."""
    if hold:
        # SQLite has one writer, and leaves this out. Whoever changes the edition's state need not wait for it.
        held = select(editions.c.id).where(editions.c.id == edition_id)
        connection.execute(held.with_for_update(read=True, key_share=True))
    rows = connection.execute(select(*_COLUMNS).where(edition_notes.c.edition_id == edition_id))
    found = (EditionNote(NoteKind(row[0]), *row[1:]) for row in rows)
    return {note.kind: note for note in found}


def notes_for(connection: Connection, newsletter: str, period: str) -> dict[NoteKind, EditionNote]:
    """Return the notes of the newsletter's edition of *period*, if there is one, by kind."""
    query = select(editions.c.id).join(newsletters, newsletters.c.id == editions.c.newsletter_id)
    named = query.where(newsletters.c.slug == newsletter, editions.c.period == period)
    edition_id = connection.execute(named).scalar()
    return notes_of(connection, edition_id) if edition_id is not None else {}


def _hold_edition(connection: Connection, edition_id: int) -> None:
    """Let no planning write mails of the edition meanwhile: it waits, or we do and then find what it wrote."""
    connection.execute(select(editions.c.id).where(editions.c.id == edition_id).with_for_update())


def _remove(connection: Connection, edition_id: int, kind: NoteKind) -> bool:
    gone = (edition_notes.c.edition_id == edition_id) & (edition_notes.c.kind == kind)
    return connection.execute(delete(edition_notes).where(gone)).rowcount > 0
