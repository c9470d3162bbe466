"""A digest: one selection from a pool, shared by every reader with the same profile, history and locale."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from digest.model.article import StoredArticle


class Field(StrEnum):
    """Where in an article a word was found."""

    TITLE = "title"
    DECK = "deck"
    HEADING = "heading"
    BODY = "body"
    LABEL = "label"  #: the source itself labelled the article with the topic
    EXAMPLES = "examples"  #: no word of the topic: it reads as the articles do that an editor gave as examples


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why an article suits a reader: a topic (slug, "" for a free keyword), the words, the fields.

    `through` is the topic below it that the article is about, when that is why; "" when it is about the topic itself.
    """

    topic: str
    words: tuple[str, ...]
    fields: tuple[Field, ...]
    score: float
    through: str = ""


class Ground(StrEnum):
    """On whose word an article is in a digest."""

    INTERESTS = "interests"  #: what the reader follows
    SURPRISE = "surprise"  #: none of the reader's interests, and the reader asked for that
    PINNED = "pinned"  #: the editors'
    MOST_CHOSEN = "most_chosen"  #: most other readers', because there was too little of their own


@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen article, with its final score and the reasons, best first; no reasons: follows everything."""

    article: StoredArticle
    score: float
    why: tuple[Why, ...] = ()
    ground: Ground = Ground.INTERESTS


class Rejection(StrEnum):
    """Why a candidate is not in the digest; "not this time" reasons keep it for the next."""

    NO_MATCH = "no_match"  #: none of the reader's topics or keywords
    MUTED = "muted"
    ALREADY_SHOWN = "already_shown"
    EXPIRED = "expired"
    BEFORE_LOOK_BACK = "before_look_back"  #: collected before the reader joined or followed, less look_back
    OTHER_LANGUAGE = "other_language"
    WITHDRAWN = "withdrawn"
    NOT_YET_COLLECTED = "not_yet_collected"  #: after the cut-off
    OVER_LIMIT = "over_limit"  #: max_items; kept for next time
    SOURCE_FULL = "source_full"  #: max_per_source; kept for next time
    TOPIC_FULL = "topic_full"  #: max_per_topic; kept for next time
    TOO_LARGE = "too_large"  #: the mail would be clipped; kept for next time
    SAME_STORY = "same_story"
    OTHER_SOURCE = "other_source"  #: the newsletter does not draw from this source
    EXCLUDED = "excluded"  #: by an editor
    EMBARGOED = "embargoed"  #: by an editor; not yet
    COUNTED = "counted"  #: max_items; the mail says how many, and they do not come again
    DROPPED = "dropped"  #: max_items; the newsletter lets go of what does not fit
    NOTHING_BESIDE = "nothing_beside"  #: pinned, but nothing of the reader's own; kept for next time
    BELOW_MIN_ITEMS = "below_min_items"  #: it matched, but the digest was too short; kept for next time


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was left out, and why; `why` is what suits the reader in it, be it too little."""

    article: StoredArticle
    reason: Rejection
    score: float = 0.0
    why: tuple[Why, ...] = ()


class SkipReason(StrEnum):
    """Why a reader gets no mail for an edition; fixed words, stored and counted."""

    NOTHING_NEW = "nothing_new"
    TOO_FEW = "too_few"  #: fewer than min_items
    TOO_LARGE = "too_large"  #: not one of the articles fits into max_html_bytes
    UNSUBSCRIBED = "unsubscribed"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    MISSED = "missed"  #: the slot was later than max_late
    NOT_APPROVED = "not_approved"  #: nobody approved the edition before it was later than max_late
    CANCELLED = "cancelled"  #: the edition was called off before its turn
    COALESCED = "coalesced"  #: a later slot took its place after downtime
    TOGETHER = "together"  #: it is a part of another mail, or waits to be one
    ZONE_CHANGED = "zone_changed"  #: the reader's clock jumped over it, or it came too soon after the last mail


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen, in order.

    `waiting` counts what suits the reader and is kept for next time because this digest is full. `let_go` are
    stories that will not come again although they were not shown: the newsletter counts or drops its overflow.
    `rejected` is everything that was not chosen, once it has been explained; before that only what the selection
    itself gave up.
    """

    chosen: tuple[Choice, ...]
    rejected: tuple[Rejected, ...] = ()
    skip: SkipReason | None = None
    waiting: int = 0
    let_go: frozenset[int] = frozenset()
