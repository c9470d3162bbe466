"""Write: an editor's note or announcement for one edition, gone out in part or still to come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.model.note import EditionNote, NoteKind
from digest.pipeline.composing.frame import date_of, frame_of
from digest.pipeline.composing.links import Links
from digest.pipeline.composing.mail_templates import templates_of
from digest.pipeline.installation import Installation
from digest.rendering.i18n import resolve_locale
from digest.rendering.press import Press
from digest.rendering.written import edition_view
from digest.scheduling.cadence import Rule, instant_period, latest_slot, next_slot, parse_rule, period_of
from digest.store.audit import record
from digest.store.edition_notes import drop_note, edition_to_come, notes_of, save_note
from digest.store.editions import begun_periods, find_edition
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.store.planning import cadences_of


@dataclass(frozen=True, slots=True)
class Noted:
    """The edition's name, its notes as they are now, and how many waiting mails are planned anew for that."""

    edition: str
    notes: dict[NoteKind, EditionNote]
    replanned: int = 0


def read_notes(house: Installation, name: str) -> Noted:
    """Return the notes of the edition *name*, or of a newsletter's next one; raises NotFound or BadInput."""
    with house.engine.connect() as connection, connection.begin() as transaction:
        edition_id, newsletter, period = find_or_begin(connection, house, name)
        found = notes_of(connection, edition_id)
        transaction.rollback()  # reading makes no edition
    return Noted(f"{newsletter.slug}/{period}", found)


def write_note(house: Installation, name: str, kind: NoteKind, markdown: str, *, by: str, language: str = "") -> Noted:
    """Put *markdown* into the edition *name* ("daily/2026-11-24"), or into a newsletter's next one ("daily").

    What is written is kept as it is; every mail of the edition that no sender has claimed is planned anew. The
    language is the newsletter's unless one is named. Raises NotFound, BadInput when the edition is over or the
    text cannot be shown, BadTemplate when the newsletter's template has no place for it.
    """
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, _slug(connection, name))
    note = EditionNote(kind, markdown, language or newsletter.locale, by, house.clock.now())
    with house.engine.begin() as connection:
        edition_id, newsletter, period = find_or_begin(connection, house, name)
        _try_out(house, newsletter, period, note)
        replanned = save_note(connection, edition_id, note)
        record(connection, by, f"edition.{kind}", f"{newsletter.slug}/{period}", now=note.at)
        return Noted(f"{newsletter.slug}/{period}", notes_of(connection, edition_id), replanned)


def clear_note(house: Installation, name: str, kind: NoteKind, *, by: str = "") -> Noted:
    """Take a note back; raises NotFound, BadInput when there is none."""
    with house.engine.begin() as connection:
        edition_id, newsletter, period = find_or_begin(connection, house, name)
        replanned = drop_note(connection, edition_id, kind, house.clock.now())
        if replanned is None:
            raise BadInput(f"{newsletter.slug}/{period} has no {kind}; nothing was changed")
        record(connection, by, f"edition.{kind}.clear", f"{newsletter.slug}/{period}", now=house.clock.now())
        return Noted(f"{newsletter.slug}/{period}", notes_of(connection, edition_id), replanned)


def _slug(connection: Connection, name: str) -> str:
    return find_edition(connection, name).newsletter if name.isdecimal() else name.partition("/")[0]


def find_or_begin(connection: Connection, house: Installation, name: str) -> tuple[int, Newsletter, str]:
    """Return id, newsletter and period of the edition that *name* means, made when it is still to come.

    Raises NotFound, or BadInput for what names none and for one that is cancelled.
    """
    if name.isdecimal():
        name = find_edition(connection, name).name
    slug, _, period = name.partition("/")
    newsletter_id, newsletter = load_newsletter(connection, slug)
    now = house.clock.now()
    if not period:
        period = _next_period(connection, house, newsletter_id, newsletter)
    elif not _is_period(period, newsletter, now):
        raise BadInput(
            f"{name!r} names no edition; name the newsletter ({slug}) for its next one, or a day like {now:%Y-%m-%d}"
        )
    edition_id = edition_to_come(connection, newsletter_id, period, now)
    state = find_edition(connection, str(edition_id)).state
    if state == "cancelled":
        raise BadInput(f"{slug}/{period} is cancelled: nothing of it goes out any more")
    return edition_id, newsletter, period


def _is_period(period: str, newsletter: Newsletter, now: datetime) -> bool:
    try:
        if "T" in period:
            return instant_period(datetime.fromisoformat(period)) == period
        date_of(period, newsletter, now)
    except ValueError:
        return False
    return "+" not in period


def _next_period(connection: Connection, house: Installation, newsletter_id: int, newsletter: Newsletter) -> str:
    """Return the first edition to come of which nobody has been planned for."""
    schedule, now = newsletter.schedule, house.clock.now()
    rules = [(parse_rule(row.rule), row.zone) for row in cadences_of(connection, newsletter_id)]
    # Readers with a frequency of their own have editions of their own.
    rules = [each for each in rules if each[0].frequency == schedule.frequency] or rules
    rules = rules or [(Rule(schedule.frequency, schedule.at, schedule.quiet), schedule.zone or "UTC")]
    begun = begun_periods(connection, newsletter_id)
    return min(_first_not_in(begun, rule, zone, now) for rule, zone in rules)[1]


def _first_not_in(begun: Collection[str], rule: Rule, zone: str, now: datetime) -> tuple[datetime, str]:
    """Return the first slot after *now* whose edition is not *begun*, and that edition."""
    slot_at, period = now, ""
    while not period or period in begun:
        slot_at = next_slot(rule, zone, slot_at)
        period = period_of(rule.frequency, latest_slot(rule, zone, slot_at))
    return slot_at, period


def _try_out(house: Installation, newsletter: Newsletter, period: str, note: EditionNote) -> None:
    """Render the frame with the note; raises BadInput or BadTemplate when that cannot be done."""
    templates = templates_of(house, newsletter.template)
    frame = frame_of(newsletter, period, Links(house.base_url, house.tokens))
    Press(
        templates, frame, resolve_locale(newsletter.locale), edition_view({note.kind: (note.markdown, note.language)})
    )
