"""Hear what mail servers hand on over SMTP or LMTP, as `digest feedback listen` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from digest.feedback.listener import Listening, listen
from digest.log import get_logger
from digest.model.feedback import Effect
from digest.pipeline.hearing.hear import hear
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters

_FRESH_FOR = 60.0  # seconds that the list of our addresses is good for


async def hear_listening(
    house: Installation, where: Listening, stop: asyncio.Event, *, on_ready: Callable[[int], None]
) -> None:
    """Hear each mail as it comes until *stop* is set; *on_ready* hears the port. Raises BadInput."""
    ours = OurAddresses(house)

    def take(mail: bytes) -> None:
        heard = hear(house, [mail])
        told = {each.value: count for each, count in heard.effects.items() if each is not Effect.NOTHING}
        if told:
            get_logger().info("heard", mailbox="listener", **told)

    await listen(where, take, ours.hold, stop, on_ready=on_ready)


class OurAddresses:
    """The return path and the newsletters' addresses, each also with a tag ("bounces+TAG@news.example.org")."""

    def __init__(self, house: Installation, now: Callable[[], float] = monotonic) -> None:
        self._house, self._now = house, now
        self._known: frozenset[str] = frozenset()
        self._until = float("-inf")

    def hold(self, address: str) -> bool:
        """Whether *address* is one of ours; a newsletter made a minute ago counts."""
        if self._now() >= self._until:
            self._known, self._until = self._read(), self._now() + _FRESH_FOR
        return _plain(address) in self._known

    def _read(self) -> frozenset[str]:
        with reading(self._house.engine) as connection:
            senders = [each.sender for each in load_newsletters(connection).values()]
        named = [self._house.return_path]
        for each in senders:
            named += [each.address, each.reply_to, each.letters_address, each.complaints_address]
        return frozenset(_plain(each) for each in named if each)


def _plain(address: str) -> str:
    """Return *address* without its tag, in small letters."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}".lower()
