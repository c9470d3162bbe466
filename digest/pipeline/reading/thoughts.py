"""Thoughts: a reader writes about an article of a mail, an editor decides, and who follows the article hears of it.

The link in the mail says who writes; there is no account. The BadInput sentences of `think` are for readers.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from digest.errors import BadInput, NotFound
from digest.model.article import Article
from digest.model.stream import RepeatScope
from digest.model.subscriber import SubscriptionState
from digest.model.thought import Thought, ThoughtState
from digest.pipeline.composing.links import Links
from digest.pipeline.events.add_events import add_events
from digest.pipeline.installation import Installation
from digest.pipeline.reading import sign_up, subscribe
from digest.pipeline.reading.following import follow_object
from digest.pipeline.reading.liking import articles_of_mail
from digest.rendering.clean import clean_url
from digest.store import subscriptions, thoughts
from digest.store.articles import find_article
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.events import free_key
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.subscriptions import Agreement

CATEGORY = "thought"  #: the stream that tells of thoughts is the first with words for this category
_LONGEST, _LONGEST_NAME = 2_000, 80
_MOST_WAITING = 5


@dataclass(frozen=True, slots=True)
class ThinkingPage:
    """An article of a mail, its reader, what others think, and the stream that one may follow it in ("": none)."""

    article: Article
    agreement: Agreement
    published: tuple[Thought, ...]
    stream: str


def thinking_page(house: Installation, token: str, article_id: int) -> ThinkingPage:
    """Return what the page of one article of the mail with the view *token* shows; raises NotFound."""
    agreement, articles = articles_of_mail(house, token)
    if article_id not in [number for number, _ in articles]:
        raise NotFound("this article is not in that mail")
    with reading(house.engine) as connection:
        article = find_article(connection, article_id).article
        published = thoughts.in_state(connection, ThoughtState.PUBLISHED, article_id=article_id)
        stream = stream_of_thoughts(connection)
    return ThinkingPage(article, agreement, tuple(published), stream)


def stream_of_thoughts(connection: Connection) -> str:
    """Return the stream that tells of thoughts, "" for none."""
    every = load_newsletters(connection).values()
    return next((each.slug for each in every if each.stream and CATEGORY in each.stream.categories), "")


def scope_of(connection: Connection, stream: str) -> int:
    """Return the scope of the dedupe keys of a stream."""
    found = load_newsletters(connection)[stream].stream
    own = found is None or found.repeat is RepeatScope.STREAM
    return newsletter_ids(connection)[stream] if own else 0


def think(
    house: Installation, token: str, article_id: int, *, words: str, name: str, follows: bool, wording: str
) -> None:
    """Take down what the reader thinks, and let them follow the article if they want; raises BadInput, NotFound.

    *wording* is the sentence beside the choice to follow, which they agreed to.
    """
    page, words, name = thinking_page(house, token, article_id), words.strip(), " ".join(name.split())
    if not words and not follows:
        raise BadInput("Please write what you think.")
    if len(words) > _LONGEST or len(name) > _LONGEST_NAME:
        raise BadInput("Please write at most 2,000 characters, and a name of at most 80.")
    reader = page.agreement.subscriber_id
    if words:
        with house.engine.begin() as connection:
            if thoughts.waiting_of(connection, reader) >= _MOST_WAITING:
                raise BadInput("Several of your thoughts still wait for an editor. Please try again later.")
            now = house.clock.now()
            thoughts.add(connection, article_id=article_id, subscriber_id=reader, name=name, words=words, now=now)
    if follows and page.stream:
        _follow(house, page, article_id, wording)


def publish(house: Installation, thought_id: int, *, by: str) -> int:
    """Show a thought to everybody, and tell who follows its article; return to how many it goes. Twice is once.

    Raises NotFound.
    """
    with reading(house.engine) as connection:
        thought = thoughts.find(connection, thought_id)
        article = find_article(connection, thought.article_id).article
        stream = stream_of_thoughts(connection)
    told = 0
    if stream:  # before it is noted as published: who is killed between the two does it again, which adds nothing
        url = clean_url(article.url) or Links(house.base_url, house.tokens).article(thought.article_id)
        event = {
            "stream": stream,
            "recipient": {"followers": object_of(thought.article_id)},
            "category": CATEGORY,
            "actor": {"id": str(thought.subscriber_id), "name": thought.name, "address": thought.address},
            "object": {"id": object_of(thought.article_id), "name": article.title[:200], "url": url},
            "dedupe_key": _key(thought_id),
            "payload": {"text": thought.text},
        }
        (added,) = add_events(house, [event])
        told = added.readers
    with house.engine.begin() as connection:
        thoughts.judge(connection, thought_id, ThoughtState.PUBLISHED, by, house.clock.now())
        _record(connection, house, "thought.publish", thought, by)
    return told


def decline(house: Installation, thought_id: int, *, by: str) -> None:
    """Show a thought to nobody; mail of it that has not left goes without it. Raises NotFound."""
    with reading(house.engine) as connection:
        thought = thoughts.find(connection, thought_id)
    if thought.state is ThoughtState.PUBLISHED:
        take_back(house, thought_id, by=by)
    with house.engine.begin() as connection:
        thoughts.judge(connection, thought_id, ThoughtState.DECLINED, by, house.clock.now())
        _record(connection, house, "thought.decline", thought, by)


def take_back(house: Installation, thought_id: int, *, by: str) -> int:
    """Let a thought wait for an editor again; mail of it that has not left goes without it. Twice is once.

    Returns how many readers are not told after all; who has been told stays so. Raises NotFound.
    """
    with reading(house.engine) as connection:
        thought = thoughts.find(connection, thought_id)
        stream = stream_of_thoughts(connection)
    stopped = 0
    if stream and thought.state is ThoughtState.PUBLISHED:
        (done,) = add_events(house, [{"stream": stream, "cancel": _key(thought_id)}])
        stopped = done.readers
    with house.engine.begin() as connection:
        if stream:
            free_key(connection, scope_of(connection, stream), _key(thought_id))
        thoughts.judge(connection, thought_id, ThoughtState.WAITING, by, house.clock.now())
        _record(connection, house, "thought.take_back", thought, by)
    return stopped


def _key(thought_id: int) -> str:
    return f"thought:{thought_id}"


def _record(connection: Connection, house: Installation, action: str, thought: Thought, by: str) -> None:
    record(connection, by, action, f"thought {thought.thought_id}", now=house.clock.now(), before=thought.state.value)


def object_of(article_id: int) -> str:
    """Return the id under which an article is followed."""
    return f"article:{article_id}"


def _follow(house: Installation, page: ThinkingPage, article_id: int, wording: str) -> None:
    reader, address = page.agreement.subscriber_id, page.agreement.address
    sign_up.join_at_once(house, reader, page.stream, source="thoughts page", wording=wording)
    with house.engine.begin() as connection:
        own = next(each for each in subscriptions.agreements_of(connection, reader) if each.newsletter == page.stream)
        if own.state is not SubscriptionState.ACTIVE:
            if not subscribe.may_resume(own):
                raise BadInput("This subscription was not ended by you. Please sign up again.")
            subscriptions.restart(connection, own, "thoughts page", house.clock.now())
    follow_object(house, page.stream, object_of(article_id), address, follows=True)
