"""Follow: a reader hears of whatever happens to an object of the product."""

from __future__ import annotations

from digest.errors import BadInput
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.store.events import set_follow
from digest.store.newsletters import load_newsletter
from digest.store.subscribers import find_subscriber

_LONGEST = 200


def follow_object(house: Installation, slug: str, thing: str, address: str, *, follows: bool) -> None:
    """Let *address* follow the object with the product's id *thing* in the stream *slug*, or no more; twice is once.

    Raises NotFound for an unknown stream or reader, BadInput for what is no stream or no id.
    """
    if not thing or len(thing) > _LONGEST or not thing.isprintable():
        raise BadInput(f"{thing[:40]!r} is no id of an object; use one like article:7")
    key = read_address(address).key
    with house.engine.begin() as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
        if newsletter.stream is None:
            raise BadInput(f"{slug} is a newsletter; things are followed in streams")
        reader = find_subscriber(connection, key)
        set_follow(connection, newsletter_id, thing, reader.id, follows=follows, now=house.clock.now())
