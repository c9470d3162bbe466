"""Match the articles that came against the vocabulary, before anybody is due: planning finds it done."""

from __future__ import annotations

from datetime import timedelta

from digest.enrichment.reading import Analysed
from digest.pipeline.collecting.archive import matching_of
from digest.pipeline.composing.pool import Texts
from digest.pipeline.installation import Installation
from digest.store.articles import latest_revisions, live_articles
from digest.store.engine import reading
from digest.store.matches import NewMatches, kept_revisions, save_matches
from digest.store.newsletters import load_topics
from digest.store.planning import is_any_due

_SOON = timedelta(minutes=10)  # not at each article that comes: in a small archive each changes all matches
_LATEST = 1_000  # articles


def match_for_the_next(house: Installation) -> int:
    """Match what a slot of the next ten minutes may draw from; return of how many articles it was not known yet."""
    with reading(house.engine) as connection:
        is_due = is_any_due(connection, house.clock.now() + _SOON)
    return match_articles(house) if is_due else 0


def match_articles(house: Installation) -> int:
    """Match the latest articles, and keep what is found; return of how many it was not known yet."""
    with reading(house.engine) as connection:
        now = house.clock.now()
        matching = matching_of(connection, load_topics(connection), now, house.memory)
        latest = latest_revisions(connection, now, _LATEST)
        kept = kept_revisions(connection, matching.key)
        articles = live_articles(connection, [latest[each] for each in latest.keys() - kept])
    if not articles:
        return 0
    known: dict[int, Analysed] = {}
    matcher = matching.matcher(known)
    texts = Texts(articles, known)
    found = {stored.revision_id: matcher.topics(texts[at]) for at, stored in enumerate(articles)}
    with house.engine.begin() as connection:
        save_matches(connection, NewMatches(matching.key, found))
    return len(found)
