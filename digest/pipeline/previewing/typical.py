"""Typical readers: ten sets of interests that stand for most of a newsletter's readers, and what each would get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from digest.model.subscriber import Interests
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview import Opened, open_sample, preview_in
from digest.pipeline.previewing.previewed import Preview
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.store.profiles import interests_by_profile
from digest.store.sampling import sample_of_readers

MOST = 10


@dataclass(frozen=True, slots=True)
class Typical:
    """Interests and language that many readers share, and the mail that a new reader with just those would get."""

    interests: Interests
    locale: str
    preview: Preview


def typical_readers(house: Installation, slug: str, *, at: datetime) -> list[Typical]:
    """Return the mails of at most ten typical readers of *slug* at *at*, the commonest first; raises NotFound."""
    return typical_in(house, open_sample(house, slug, at=at), at=at)


def typical_in(house: Installation, opened: Opened, *, at: datetime) -> list[Typical]:
    """Return those of one edition, out of one pool."""
    with reading(house.engine) as connection:
        newsletter_id, _ = load_newsletter(connection, opened.newsletter.slug)
        chosen = spread(sample_of_readers(connection, newsletter_id), MOST)
        interests = interests_by_profile(connection, {profile_id for profile_id, _ in chosen})
    return [
        Typical(interests[profile_id], locale, preview_in(house, opened, interests[profile_id], locale, at=at))
        for profile_id, locale in chosen
    ]


def spread(readers: Mapping[tuple[int, str], int], most: int) -> list[tuple[int, str]]:
    """Return at most *most* kinds of readers, commonest first: those in the middle of as many equal shares of all.

    A kind that fills several shares is named once, and the commonest of the others take the places left over.
    """
    kinds = sorted(readers, key=lambda kind: (-readers[kind], kind))
    ends = list(accumulate(readers[kind] for kind in kinds))
    total = ends[-1] if ends else 0
    middles = [(2 * share + 1) * total / (2 * most) for share in range(most)]
    found = Counter(next(place for place, end in enumerate(ends) if end > middle) for middle in middles if total)
    places = [*found, *(place for place in range(len(kinds)) if place not in found)][:most]
    return [kinds[place] for place in sorted(places)]
