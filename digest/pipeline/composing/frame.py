"""What a newsletter gives to every mail of an edition: its frame, and the day it is dated."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from hashlib import sha256

from digest.model.newsletter import Newsletter
from digest.pipeline.composing.links import LETTER, Links
from digest.rendering.views import Frame
from digest.scheduling.zones import zone_of

_SHORTEST_ID, _LONGEST_ID = 5, 15  # of a sender in Feedback-ID


def frame_of(newsletter: Newsletter, period: str, links: Links) -> Frame:
    """Return what the newsletter gives to every mail of the edition; letters may have a sender's address of their own.

    Answers and mails to unsubscribe go to the newsletter's sender all the same.
    """
    sender, is_letter = newsletter.sender, f"+{LETTER}" in period
    address = (is_letter and sender.letters_address) or sender.address
    domain = sender.address.rpartition("@")[2]
    return Frame(
        name=newsletter.name,
        sender_name=sender.name,
        sender_address=address,
        list_id=newsletter.list_id or f"{newsletter.slug}.{domain}",
        postal_lines=tuple(line.strip() for line in newsletter.postal_address.splitlines() if line.strip()),
        description=newsletter.description,
        reply_to=sender.reply_to or (sender.address if address != sender.address else ""),
        home_url=links.base_url,
        # edition (without its colons) : newsletter : sender id; the same for every reader (Gmail's feedback loop).
        feedback_id=f"{period.replace(':', '')}:{newsletter.slug}:{_sender_id(address.rpartition('@')[2])}",
        complaints_to=sender.complaints_address,
    )


def date_of(period: str, newsletter: Newsletter, slot_at: datetime) -> date:
    """Return the day an edition is dated: its own, or that of the slot in the newsletter's zone (else UTC).

    In an ISO week or month, where the day depends on who reads, it is the newsletter's own when that is weekly, and
    never outside of it. A correction ("2026-11-23+correction") is dated as what it corrects.
    """
    period = period.partition("+")[0]
    schedule = newsletter.schedule
    day = slot_at.astimezone(zone_of(schedule.zone or "UTC")).date()
    if "-W" in period:
        year, _, week = period.partition("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
        own = monday + timedelta(days=schedule.days[0])
        return own if len(schedule.frequency.days) == 1 else min(max(day, monday), monday + timedelta(days=6))
    if len(period) == len("2026-11"):
        first = date.fromisoformat(f"{period}-01")
        return min(max(day, first), first.replace(day=monthrange(first.year, first.month)[1]))
    return day if "T" in period else date.fromisoformat(period)


def _sender_id(domain: str) -> str:
    """Return the sender's id for Gmail's feedback loop: 5 to 15 characters, the same in every mail of the domain.

    A domain that is too long, too short or not ASCII keeps its beginning and gets six digits of its hash: cut
    alone, two senders under one provider would be counted as one.
    """
    name = "".join(c for c in domain.lower() if c.isascii() and c.isalnum())
    if domain.isascii() and _SHORTEST_ID <= len(name) <= _LONGEST_ID:
        return name
    told_apart = sha256(domain.lower().encode()).hexdigest()[:6]
    return name[: _LONGEST_ID - len(told_apart)] + told_apart
