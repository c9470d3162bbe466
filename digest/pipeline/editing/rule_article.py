"""Pin, exclude, embargo or expire an article, by somebody's word."""

from __future__ import annotations

from datetime import datetime

from digest.errors import BadInput, NotFound
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.installation import Installation
from digest.store.audit import record
from digest.store.rulings import lift_ruling, save_ruling


def rule_article(
    house: Installation, article_id: int, kind: RulingKind, newsletter: str, *, until: datetime | None, by: str
) -> int:
    """Decide *kind* about an article in *newsletter* ("" is all); return how many mails are planned anew for it.

    It holds *until* then, without a time until it is taken back; an expiry holds from then on (None: now). Raises
    NotFound, and BadInput for an embargo without its end or an end that is past.
    """
    now = house.clock.now()
    if kind is RulingKind.EXPIRE:
        until = until or now
    elif until is None and kind is RulingKind.EMBARGO:
        raise BadInput("an embargo needs its end; to keep an article out without one, exclude it")
    elif until is not None and until <= now:
        raise BadInput(f"{until:%Y-%m-%d %H:%M %Z} is past; name a time that is still to come")
    with house.engine.begin() as connection:
        after = {"newsletter": newsletter, "until": until.isoformat() if until else None}
        record(connection, by, f"article.{kind}", f"article {article_id}", now=now, after=after)
        return save_ruling(connection, Ruling(article_id, kind, newsletter, until, by, now))


def lift_rule(house: Installation, article_id: int, kind: RulingKind, newsletter: str, *, by: str) -> None:
    """Take a decision back; raises NotFound when there is none."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        if not lift_ruling(connection, article_id, newsletter, kind, now=now, by=by):
            raise NotFound(f"there is no such {kind} of article {article_id}")
        before = {"newsletter": newsletter}
        record(connection, by, f"article.{kind}.lift", f"article {article_id}", now=now, before=before)
