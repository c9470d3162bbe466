"""What a newsletter gives to every mail of an edition: its frame, and the day it is dated."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from digest.model.newsletter import Newsletter
from digest.pipeline.links import Links
from digest.rendering.views import Frame

_SHORTEST_ID, _LONGEST_ID = 5, 15  # of a sender in Feedback-ID


def frame_of(newsletter: Newsletter, period: str, links: Links) -> Frame:
    """Return what the newsletter gives to every mail of the edition."""
    domain = newsletter.sender.address.rpartition("@")[2]
    return Frame(
        name=newsletter.name,
        sender_name=newsletter.sender.name,
        sender_address=newsletter.sender.address,
        list_id=newsletter.list_id or f"{newsletter.slug}.{domain}",
        postal_lines=tuple(line.strip() for line in newsletter.postal_address.splitlines() if line.strip()),
        description=newsletter.description,
        reply_to=newsletter.sender.reply_to,
        home_url=links.base_url,
        # edition : newsletter : sender id; the same for every reader (Gmail's feedback loop).
        feedback_id=f"{period}:{newsletter.slug}:{_sender_id(domain)}",
    )


def date_of(period: str, newsletter: Newsletter) -> date:
    """Return the day an edition is dated: its own, or the newsletter's weekday in its ISO week.

    A correction ("2026-11-23+correction") is dated as what it corrects.
    """
    period = period.partition("+")[0]
    if "-W" in period:
        year, _, week = period.partition("-W")
        return date.fromisocalendar(int(year), int(week), newsletter.schedule.days[0] + 1)
    return date.fromisoformat(period)


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
