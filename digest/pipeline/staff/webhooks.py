"""Webhooks of ours: added, tried, and told what happened, at the tick.

The logs of attempts, consents and reports are the outbox: each row stands in the transaction that made it so. A
webhook remembers how far it has read them; sending knows nothing of webhooks.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.collection.post import check_target, post
from digest.errors import BadInput, FetchRefused
from digest.log import get_logger
from digest.model.webhook import DELAYS, FAILING_FOR, Event, Webhook, message_id, secret_of, signed_headers
from digest.pipeline.installation import Installation
from digest.store import webhooks
from digest.store.engine import reading
from digest.store.lock import Alone, is_alone
from digest.store.webhook_facts import fact
from digest.store.webhooks import Message

Post = Callable[[str, bytes, Mapping[str, str]], int]
_AT_ONCE = 100  # messages, in two transactions
_THREADS = 8
_LEASE = timedelta(minutes=5)
_AFTER_ANOTHER = timedelta(seconds=30)  # the message before it has just failed
_TURN = 20.0  # seconds of one tick
_GONE = 410


@dataclass(frozen=True, slots=True)
class Told:
    """What one tick told: messages taken, messages not taken, webhooks that are told nothing more."""

    taken: int = 0
    failed: int = 0
    disabled: tuple[int, ...] = ()


def poster(*, allow_private: bool) -> Post:
    """Return what sends to the web, and to private addresses only if they are allowed."""
    return lambda url, content, headers: post(url, content, headers, allow_private=allow_private)


def add_webhook(
    house: Installation, url: str, events: Collection[Event], *, allow_private: bool = False
) -> tuple[int, str]:
    """Let *url* be told of *events* (none: all) from now on; return the id and the signing secret.

    Raises FetchRefused for an address that must not be told.
    """
    check_target(url, allow_private=allow_private)
    secret = secret_of(secrets.token_bytes(32))
    with house.engine.begin() as connection:
        number = webhooks.add_webhook(connection, url, secret, events or tuple(Event), house.clock.now())
    return number, secret


def try_webhook(house: Installation, webhook_id: int, send: Post) -> int:
    """Send a message of the type `test` and return the status; one that is taken makes a disabled webhook told again.

    Raises NotFound, FetchRefused, and BadInput when it is not taken.
    """
    with reading(house.engine) as connection:
        webhook = webhooks.find_webhook(connection, webhook_id)
    now = house.clock.now()
    content = _content("test", now.isoformat(), {"webhook": webhook_id})
    name = f"msg_test_{secrets.token_hex(8)}"
    status = send(webhook.url, content, signed_headers(webhook.secret, name, now, content))
    if not 200 <= status < 300:
        raise BadInput(f"{webhook.url} answered {status}; it must answer with a status from 200 to 299")
    with house.engine.begin() as connection:
        webhooks.enable(connection, webhook_id)
    return status


def tell_webhooks(house: Installation, send: Post) -> Told:
    """Tell every webhook what happened since the last time, and once more what it did not take."""
    with reading(house.engine) as connection:
        known = webhooks.list_webhooks(connection, told=True)
    if not known:
        return Told()
    done, until = Told(), time.monotonic() + _TURN
    while time.monotonic() < until:
        seen, due = _take(house, known)
        if due:
            some = _tell(house, {each.webhook_id: each for each in known}, due, send)
            done = Told(done.taken + some.taken, done.failed + some.failed, (*done.disabled, *some.disabled))
            known = [each for each in known if each.webhook_id not in some.disabled]
        if not (seen or due):
            break
    if done != Told():
        get_logger().info("webhooks_told", taken=done.taken, failed=done.failed)
    return done


def _take(house: Installation, known: list[Webhook]) -> tuple[int, list[Message]]:
    """Read the logs on and take what is due; nothing while another process does."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        if not is_alone(connection, Alone.TELL):
            return 0, []
        waiting = webhooks.count_waiting(connection)
        ready = [each for each in known if waiting.get(each.webhook_id, 0) < webhooks.MOST_WAITING]
        seen = sum(webhooks.read_logs(connection, each, now) for each in ready)
        return seen, webhooks.take_due(connection, now, now + _LEASE, _AT_ONCE)


def _tell(house: Installation, known: Mapping[int, Webhook], due: list[Message], send: Post) -> Told:
    with reading(house.engine) as connection:
        contents = [_content_of(connection, each) for each in due]
    failing: set[int] = set()

    def tell(message: Message, content: bytes | None) -> str | None:
        """Return "" when it was taken, why it was not, None when it was not tried."""
        if content is None:
            return ""
        if message.webhook_id in failing:
            return None
        why = _send(known[message.webhook_id], message, content, send, house.clock.now())
        if why:
            failing.add(message.webhook_id)
        return why

    with ThreadPoolExecutor(_THREADS) as threads:
        answers = list(threads.map(tell, due, contents))
    return _note(house, known, list(zip(due, answers, strict=True)))


def _send(webhook: Webhook, message: Message, content: bytes, send: Post, now: datetime) -> str:
    name = message_id(webhook, message.event, message.fact_id)
    try:
        status = send(webhook.url, content, signed_headers(webhook.secret, name, now, content))
    except FetchRefused as why:
        return str(why)[:500]
    return "" if 200 <= status < 300 else f"it answered {status}"


def _note(house: Installation, known: Mapping[int, Webhook], answers: list[tuple[Message, str | None]]) -> Told:
    now, disabled = house.clock.now(), dict[int, str]()
    with house.engine.begin() as connection:
        for message, why in answers:
            if why is None:
                webhooks.put_back(connection, message, now + _AFTER_ANOTHER)
            elif why:
                again_at = now + DELAYS[message.tries] if message.tries < len(DELAYS) else None
                since = webhooks.note_failed(connection, message, why, again_at=again_at, now=now)
                if why.endswith(str(_GONE)):
                    disabled[message.webhook_id] = "it answered 410: it is gone"
                elif now - since >= FAILING_FOR:
                    disabled[message.webhook_id] = f"it took nothing since {since:%Y-%m-%d %H:%M} UTC: {why}"
            else:
                webhooks.note_told(connection, message)
        for number, because in disabled.items():
            webhooks.disable(connection, number, because)
    for number, because in disabled.items():
        get_logger().error("webhook_disabled", webhook=number, url=known[number].url, why=because)
    taken = sum(why == "" for _, why in answers)
    return Told(taken, sum(bool(why) for _, why in answers), tuple(disabled))


def _content_of(connection: Connection, message: Message) -> bytes | None:
    found = fact(connection, message.event, message.fact_id)
    return _content(message.event, found.pop("at"), found) if found else None


def _content(kind: str, at: str, data: Mapping[str, object]) -> bytes:
    told = {"type": kind, "timestamp": at, "data": data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=True).encode("ascii")
