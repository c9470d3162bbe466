"""More like this, less of this: one article of a mail moves its reader's interests by one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection

from digest.enrichment.matching import Matcher
from digest.enrichment.reading import analyse
from digest.errors import BadInput, NotFound
from digest.model.article import Article
from digest.model.subscriber import Follow, Interests
from digest.model.topic import Topic
from digest.pipeline.installation import Installation
from digest.store import subscriptions
from digest.store.articles import find_article
from digest.store.digests import items_of
from digest.store.dispatching import Claim, find_row
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters, load_topics
from digest.store.profiles import profile_of
from digest.store.subscriptions import Agreement
from digest.tokens import Purpose

STEP, HEAVIEST, LIGHTEST = 1.5, 5.0, 0.2
_TOPICS_SHOWN = 3


class Liking(StrEnum):
    """What a reader says of a topic."""

    FOLLOW = "follow"
    MORE = "more"
    LESS = "less"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the reader may do about one topic of the article."""

    topic: Topic
    liking: Liking


@dataclass(frozen=True, slots=True)
class LikingPage:
    """An article of a mail, its reader, and what they may do; best topic first."""

    article: Article
    agreement: Agreement
    steps: tuple[Step, ...]


def articles_of_mail(house: Installation, token: str) -> tuple[Agreement, list[tuple[int, str]]]:
    """Return the reader of the mail with the view *token*, and (id, title) of its articles; raises NotFound."""
    number = house.tokens.read(Purpose.VIEW, token)
    with reading(house.engine) as connection:
        row = find_row(connection, number) if number is not None else None
        agreement = subscriptions.find_agreement(connection, row.subscription_id) if row and row.address else None
        if row is None or agreement is None or not agreement.address:
            raise NotFound("this link is not one of ours")
        items = items_of(connection, row.digest_id)
    return agreement, [(item["article_id"], item["title"]) for item in items if "article_id" in item]


def liking_page(house: Installation, token: str, article_id: int) -> LikingPage:
    """Return what the reader of the mail with the view *token* may do about one of its articles.

    Raises NotFound for a token that is not ours, or an article that is gone.
    """
    number = house.tokens.read(Purpose.VIEW, token)
    with reading(house.engine) as connection:
        row = find_row(connection, number) if number is not None else None
        agreement = _whose_article(connection, row, article_id) if row and row.address else None
        if agreement is None or not agreement.address:
            raise NotFound("this link is not one of ours")
        article = find_article(connection, article_id).article
        vocabulary = load_topics(connection)
        offered = load_newsletters(connection)[agreement.newsletter].topics or tuple(vocabulary)
    found = Matcher(list(vocabulary.values())).topics(analyse(article))
    best = sorted((why for slug, why in found.items() if slug in offered), key=lambda why: (-why.score, why.topic))
    topics = [vocabulary[why.topic] for why in best[:_TOPICS_SHOWN]]
    return LikingPage(article, agreement, tuple(_steps(agreement.interests, topics)))


def _whose_article(connection: Connection, row: Claim, article_id: int) -> Agreement | None:
    """Return the agreement to the newsletter that brought the article: of a joined mail that of its part."""
    items = (item for item in items_of(connection, row.digest_id) if item.get("article_id") == article_id)
    slug = next(items, {}).get("newsletter", row.newsletter)
    return next(
        (one for one in subscriptions.agreements_of(connection, row.subscriber_id) if one.newsletter == slug), None
    )


def like(house: Installation, token: str, article_id: int, topic: str, liking: str) -> None:
    """Take one of the steps that the page offers; raises BadInput for any other, NotFound as the page does."""
    page = liking_page(house, token, article_id)
    chosen = [each for each in page.steps if (each.topic.slug, each.liking) == (topic, liking)]
    if not chosen:
        raise BadInput("Choose what to do.")
    now = house.clock.now()
    after = _after(page.agreement.interests, chosen[0], Follow(topic, since=now.date()))
    with house.engine.begin() as connection:
        subscriptions.change_interests(connection, page.agreement, profile_of(connection, after), now)


def _steps(interests: Interests, topics: Sequence[Topic]) -> list[Step]:
    weights = {follow.topic: follow.weight for follow in interests.follows}
    steps: list[Step] = []
    for topic in topics:
        if topic.slug in weights:
            steps += [Step(topic, Liking.MORE)] if weights[topic.slug] < HEAVIEST else []
            steps += [Step(topic, Liking.LESS)] if weights[topic.slug] > LIGHTEST else []
        elif not interests.everything:  # else to follow one topic would be to lose all others
            steps.append(Step(topic, Liking.FOLLOW))
        if topic.slug not in interests.muted:
            steps.append(Step(topic, Liking.MUTE))
    return steps


def _after(interests: Interests, step: Step, fresh: Follow) -> Interests:
    slug = step.topic.slug
    muted = tuple(each for each in interests.muted if each != slug)
    others = tuple(each for each in interests.follows if each.topic != slug)
    own = next((each for each in interests.follows if each.topic == slug), fresh)
    match step.liking:
        case Liking.MUTE:
            return replace(interests, muted=tuple(sorted((*muted, slug))))
        case Liking.FOLLOW:
            return replace(interests, follows=tuple(sorted((*others, fresh))), muted=muted)
        case Liking.MORE:
            weight = min(own.weight * STEP, HEAVIEST)
        case Liking.LESS:
            weight = max(own.weight / STEP, LIGHTEST)
    return replace(interests, follows=tuple(sorted((*others, replace(own, weight=round(weight, 2))))), muted=muted)
