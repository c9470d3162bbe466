"""The demo's thoughts: readers write about an article they were sent, an editor publishes, a follower hears of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from digest.model.thought import ThoughtState
from digest.pipeline.composing.links import Links
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.pipeline.reading.thoughts import publish, think
from digest.shipped import shipped_folder
from digest.store.digests import items_of
from digest.store.engine import reading
from digest.store.thoughts import in_state

STREAM = "thoughts"
_LATER = timedelta(hours=2)  # when the window is over that the second thought opened
_SENT = (
    "SELECT d.id, d.digest_id FROM deliveries d JOIN digests g ON g.id = d.digest_id WHERE d.state = 'sent'"
    " ORDER BY g.locale <> 'en', d.id"
)
_WORDS = (
    "I had not seen it from that side. Thank you.",
    "Our town tried this two years ago; it took longer than planned, and was worth it.",
    "What does it cost, and who pays?",
    "I would like to read more about the people who do the work.",
)


def think_aloud(house: Installation) -> int:
    """Let readers of one article think about it; return how many thoughts were published.

    Who was sent it first follows it: the first thought is a mail at once, what others think is gathered.
    """
    now = house.clock.now()
    apply_file(house.engine, shipped_folder("subscribers") / "notifications.example.toml", now=now)
    with reading(house.engine) as connection:
        sent = connection.execute(text(_SENT)).all()
        articles = {row.id: [item["article_id"] for item in items_of(connection, row.digest_id)] for row in sent}
    if not articles:
        return 0
    every = [number for numbers in articles.values() for number in numbers]
    article = max(every, key=lambda number: (every.count(number), -number))
    readers = [delivery for delivery, numbers in articles.items() if article in numbers]
    links = Links(house.base_url, house.tokens)
    tokens = [links.view(delivery).rpartition("/")[2] for delivery in readers]
    think(
        house, tokens[0], article, words="", name="", follows=True, wording="Tell me of new thoughts on this article."
    )
    for token, words in zip(tokens[1:], _WORDS, strict=False):
        think(house, token, article, words=words, name="A reader", follows=False, wording="")
    with reading(house.engine) as connection:
        waiting = in_state(connection, ThoughtState.WAITING)
    for each in waiting:
        publish(house, each.thought_id, by="the editor of the demo")
    plan_newsletter(house, STREAM, at=now + _LATER, who=Who.DUE)
    return len(waiting)
