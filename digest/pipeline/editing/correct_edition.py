"""Correct: the articles of an edition once more, as they read now, to exactly those whom it reached.

A correction is an edition of its own, with the period of the one it corrects and its template's name. It is exempt
from never-twice: its digests have no histories, so it neither asks what a mailbox was shown nor changes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from digest.errors import BadInput, BadTemplate, DatabaseBusy
from digest.model.newsletter import Newsletter
from digest.pipeline.composing.compose import Workshop, open_workshop
from digest.pipeline.composing.links import LETTER
from digest.pipeline.composing.made import Made, Shown
from digest.pipeline.composing.mail_templates import templates_of
from digest.pipeline.composing.planned import Planned, planned_rows
from digest.pipeline.delivering.recover import recover
from digest.pipeline.installation import Installation
from digest.scheduling.cut_off import cut_now
from digest.store import planning
from digest.store.articles import live_articles
from digest.store.corrections import Reached, edition_of, reached, write_corrections
from digest.store.digests import DigestRow, open_slot, save_digests, save_pieces, save_pool
from digest.store.editions import Edition, find_edition, lapse_cancelled, move_edition
from digest.store.engine import reading
from digest.store.get_or_create import chunks
from digest.store.lock import sender_lock
from digest.store.newsletters import load_newsletter
from digest.store.origins import save_origin
from digest.store.profiles import interests_by_profile

_ROUNDS = 10  # an article that changes in each of ten rounds waits until the command is run again
_DIGESTS_PER_WRITE = 500


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be corrected, and the newsletter with the template for it."""

    edition: Edition
    newsletter_id: int
    newsletter: Newsletter

    @property
    def period(self) -> str:
        """The period of the correction."""
        return f"{self.edition.period}+{self.newsletter.template}"

    @property
    def name(self) -> str:
        """How people name the correction."""
        return f"{self.edition.newsletter}/{self.period}"


def is_correction(period: str) -> bool:
    """Whether an edition of this *period* corrects another one."""
    return "+" in period


def find_correction(house: Installation, name: str, template: str) -> Correction:
    """Return the correction of the edition *name* with *template*; raises NotFound, BadTemplate or BadInput."""
    if template.startswith(LETTER):
        raise BadTemplate(f"the template {template!r} is of a letter that a page asked for; it corrects nothing")
    templates_of(house, template)
    with reading(house.engine) as connection:
        edition = find_edition(connection, name)
        newsletter_id, newsletter = load_newsletter(connection, edition.newsletter)
    if newsletter.stream is not None:
        raise BadInput(f"{name} has events, not articles; cancel what is wrong with: digest events cancel")
    return Correction(edition, newsletter_id, replace(newsletter, template=template))


def readers_to_correct(house: Installation, correction: Correction) -> list[Reached]:
    """Return what was sent of the edition, with its readers who have no correction yet."""
    with reading(house.engine) as connection:
        known = edition_of(connection, correction.newsletter_id, correction.period)
        return reached(connection, correction.edition.edition_id, known, now=house.clock.now())


def correct_edition(house: Installation, correction: Correction, *, stop: bool = False) -> Planned:
    """Plan the correction for everybody whom the edition has reached by now; *stop*: nobody else gets the edition.

    Again, it is for those whom the edition reached since. Raises BadInput when the correction was cancelled.
    """
    with suppress(DatabaseBusy), sender_lock(house.engine, house.state_folder):
        recover(house)  # what a sender that died had sent; one that lives tells by itself
    edition, now = correction.edition, house.clock.now()
    with house.engine.begin() as connection:
        if stop:
            # A finished edition too: readers in another zone, or with a later hour, may be still to come.
            move_edition(connection, edition, ("open", "awaiting", "paused", "finished"), "cancelled")
            lapse_cancelled(connection, now)
        planning.resume_paused(connection, correction.newsletter_id, now)
        known = edition_of(connection, correction.newsletter_id, correction.period)
        if not reached(connection, edition.edition_id, known, now=now):
            return Planned()
        known, state = planning.open_edition(connection, correction.newsletter_id, correction.period, now)
        if state == "cancelled":
            raise BadInput(f"{correction.name} was cancelled; to correct the edition after all, use another template")
    done = _plan(house, correction, known)
    done.editions[correction.name] = known
    return done


def plan_correction_again(house: Installation, slug: str, period: str) -> Planned:
    """Plan the rows of a correction that wait for a new plan (an article was withdrawn); nobody else gets one."""
    corrected, _, template = period.rpartition("+")
    correction = find_correction(house, f"{slug}/{corrected}", template)
    with reading(house.engine) as connection:
        known = edition_of(connection, correction.newsletter_id, period)
    return _plan(house, correction, known, fresh=False)


def remake(house: Installation, correction: Correction, found: list[Reached]) -> list[Made]:
    """Return the digests of *found* as they are now, in order; nothing is written."""
    return _remake(house, _open(house, correction, found), found)


def _plan(house: Installation, correction: Correction, correction_id: int, *, fresh: bool = True) -> Planned:
    rows: Counter[str] = Counter()
    edition_id = correction.edition.edition_id
    for _ in range(_ROUNDS):
        with reading(house.engine) as connection:
            found = reached(connection, edition_id, correction_id, now=house.clock.now(), fresh=fresh)
        if not found:
            break
        workshop, revisions = _open(house, correction, found), set[int]()
        made: dict[int, tuple[int | None, str]] = {}
        for part in chunks(found, _DIGESTS_PER_WRITE):
            again = _remake(house, workshop, part)
            revisions |= {one.article.revision_id for each in again for one in each.selection.chosen}
            made |= _save(house, workshop, correction_id, part, again)
        written, all_stood = write_corrections(
            house.engine, edition_id, correction_id, made, revisions=revisions, now=house.clock.now(), fresh=fresh
        )
        rows += written
        if all_stood:
            break
    return planned_rows(rows)


def _open(house: Installation, correction: Correction, found: list[Reached]) -> Workshop:
    with reading(house.engine) as connection:
        articles = live_articles(connection, _article_ids(found))
    slot_at, now = min(each.slot_at for each in found), house.clock.now()
    return open_workshop(house, correction.newsletter, cut_now(slot_at, now), correction.period, articles=articles)


def _article_ids(found: Collection[Reached]) -> set[int]:
    return {item["article_id"] for each in found for item in each.items}


def _remake(house: Installation, workshop: Workshop, found: list[Reached]) -> list[Made]:
    with reading(house.engine) as connection:
        interests = interests_by_profile(connection, {each.profile_id for each in found})
    return workshop.make_again([Shown(each.items, interests[each.profile_id], each.locale) for each in found])


def _save(
    house: Installation, workshop: Workshop, correction_id: int, found: list[Reached], made: list[Made]
) -> dict[int, tuple[int | None, str]]:
    """Store what was made; return for each old digest the id of the new one, or None and the reason for none."""
    both = list(zip(found, made, strict=True))
    with house.engine.begin() as connection:
        pool_id = save_pool(connection, workshop.pool_hash, workshop.pool_spec)
        now = house.clock.now()
        slots = {at: open_slot(connection, correction_id, at, pool_id, now) for at in {each.slot_at for each in found}}
        origin_id = save_origin(connection, house.origin)
        save_pieces(connection, workshop.take_pieces())
        rows = [
            DigestRow(
                slot_id=slots[old.slot_at],
                pool_id=pool_id,
                profile_id=old.profile_id,
                locale=old.locale,
                history_before=None,
                history_after=None,
                origin_id=origin_id,
                subject=new.subject,
                items=new.items,
                layout=new.layout,
            )
            for old, new in both
            if new.layout is not None
        ]
        ids = iter(save_digests(connection, rows))
    return {
        old.digest_id: (None, new.selection.skip or "") if new.layout is None else (next(ids), "") for old, new in both
    }
