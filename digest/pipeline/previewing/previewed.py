"""What a preview is: a message that was not sent, or the reason why there would be none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from digest.model.digest import Choice, Selection, SkipReason, Why
from digest.model.newsletter import Newsletter
from digest.model.subscriber import EndedReason, SubscriptionState
from digest.pipeline.composing.links import Links
from digest.pipeline.composing.made import Made
from digest.pipeline.delivering.messages import NO_PARTS, Sheet, envelope_of, read_stored, values_of
from digest.pipeline.installation import Installation
from digest.rendering.splice import Splicer
from digest.store.dispatching import Claim
from digest.store.planning import Reader
from digest.store.subscriptions import Agreement

SAMPLE = Reader(0, 0, "sample.reader@example.org", "Sample Reader", 0, datetime.min.replace(tzinfo=UTC), "", "")


@dataclass(frozen=True, slots=True)
class Preview:
    """A message that was not sent, or the reason why there would be none; and why each article is in or out."""

    newsletter: str
    period: str
    slot_at: datetime
    address: str
    selection: Selection
    made: Made
    html: str = ""
    text: str = ""
    raw: bytes = b""
    announcement: str = ""
    note: str = ""
    lines: tuple[Mapping[str, Any], ...] = ()  #: of events
    parts: tuple[str, ...] = ()  #: the other newsletters and streams in the same mail
    drawn: tuple[Claim, Sheet] | None = None  #: what the message was made of, to make it for somebody else

    def as_json(self) -> dict[str, Any]:
        """Return everything but the message: times in ISO 8601, articles with score and reasons."""
        return {
            "newsletter": self.newsletter,
            "edition": f"{self.newsletter}/{self.period}",
            "slot_at": self.slot_at.isoformat(),
            "address": self.address,
            "skip": self.selection.skip.value if self.selection.skip else None,
            "subject": self.made.subject,
            "announcement": self.announcement or None,
            "note": self.note or None,
            "html_bytes": len(self.html.encode()),
            **({"lines": list(self.lines)} if self.lines else {}),
            **({"parts": list(self.parts)} if self.parts else {}),
            "articles": [
                {**_facts(choice), "reason": choice.ground.value, "why": item["why"], "disclaimer": item["disclaimer"]}
                for choice, item in zip(self.made.selection.chosen, self.made.items, strict=True)
            ],
            "left_out": [
                {
                    "article_id": each.article.article_id,
                    "title": each.article.article.title,
                    "reason": each.reason.value,
                    "score": each.score,
                    "matches": _matches(each.why),
                }
                for each in self.selection.rejected
            ],
        }


def with_message(
    house: Installation,
    newsletter: Newsletter,
    found: Preview,
    pieces: Mapping[str, bytes],
    reader: Reader,
    at: datetime,
    parts: Mapping[int, int] = NO_PARTS,
) -> Preview:
    """Return *found* with the message of its digest, which is made of *pieces*, as *reader* would get it at *at*.

    *parts*: newsletter id -> subscription of others in it.
    """
    assert found.made.layout is not None
    layout, headers, sender = read_stored(found.made.layout)
    splicer = Splicer(layout, pieces, headers)
    sheet = Sheet(splicer, Links(house.base_url, house.tokens), sender, newsletter.slug, found.period)
    claim = Claim(
        delivery_id=0,
        token=0,
        attempt_no=1,
        digest_id=0,
        edition_id=0,
        subscriber_id=reader.subscriber_id,
        subscription_id=reader.subscription_id,
        plan_no=1,
        doubt_count=0,
        address=reader.address,
        name=reader.name,
        newsletter=newsletter.slug,
        worker="preview",
        dated_at=at,
    )
    values = values_of(claim, sheet, parts)
    return replace(
        found,
        html=splicer.html(values),
        text=splicer.text(values),
        raw=envelope_of(house, claim, sheet, parts).content,
        drawn=(claim, sheet),
    )


def no_mail_at_all(agreement: Agreement, now: datetime) -> SkipReason | None:
    """Return why planning passes this reader by, None when it does not; who has not confirmed is no reader yet."""
    match agreement.state:
        case SubscriptionState.ACTIVE:
            return None
        case SubscriptionState.PAUSED:
            over = agreement.paused_until is not None and agreement.paused_until <= now
            return None if over else SkipReason.PAUSED
    return SkipReason.SUPPRESSED if agreement.ended_reason == EndedReason.SUPPRESSED else SkipReason.UNSUBSCRIBED


def _facts(choice: Choice) -> dict[str, Any]:
    return {
        "article_id": choice.article.article_id,
        "title": choice.article.article.title,
        "score": choice.score,
        "ground": choice.ground.value,
        "matches": _matches(choice.why),
    }


def _matches(reasons: Sequence[Why]) -> list[dict[str, Any]]:
    return [
        {
            "topic": why.topic,
            "words": list(why.words),
            "fields": list(why.fields),
            "score": why.score,
            "through": why.through,
        }
        for why in reasons
    ]
