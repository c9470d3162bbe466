"""Whether bounces and complaints are heard: a way in at all, and the webhooks of sending services."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from digest.delivery.way_out import NotReached
from digest.pipeline.doctor.verdict import Check, Line, fail, ok, warn
from digest.pipeline.hearing.hear_provider import Hooks, Provider

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?")
_SHORTEST = 16  # letters of a secret that nobody guesses
_UNSIGNED = b"{}"
_SETTING = "DIGEST_HOOK_{}"

Post = Callable[[str, bytes, float], int]


@dataclass(frozen=True, slots=True)
class WaysIn:
    """By which ways mail that came back is heard: a mailbox that is read, webhooks; what the settings say of them."""

    has_mailbox: bool
    hooks: Hooks

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The services that are set up."""
        return tuple(each for each in Provider if getattr(self.hooks, each.value))


def ways_in(ways: WaysIn) -> Iterator[Line]:
    """Say by which ways bounces and complaints come in, and what is wrong with the settings of each."""
    told = [*(["a mailbox"] if ways.has_mailbox else []), *(each.value for each in ways.providers)]
    if told:
        yield ok("coming back", f"bounces and complaints are heard by {', '.join(told)}")
    else:
        how = "set DIGEST_BOUNCE_MAILBOX or a webhook, or let `digest feedback listen` take them (docs/feedback.md)"
        yield warn("coming back", "no mailbox is read and no webhook is set up", how)
    for each in ways.providers:
        if why := _wrong(each, ways.hooks):
            yield fail(f"webhook {each}", why, f"correct {_SETTING.format(each.upper())}; .env.example says what it is")


def _wrong(provider: Provider, hooks: Hooks) -> str:
    """Return what is wrong with the setting of *provider*, "" when nothing is; nothing secret is told."""
    match provider:
        case Provider.SES:
            wrong = [each for each in hooks.ses if not _TOPIC.fullmatch(each)]
            return f"{wrong[0][:80]} is no topic of SNS (arn:aws:sns:…)" if wrong else ""
        case Provider.SENDGRID:
            return "" if _is_base64(hooks.sendgrid) else "it is no public key in base64"
        case Provider.POSTMARK | Provider.BREVO:
            secret = str(getattr(hooks, provider.value))
            if provider is Provider.POSTMARK and not all(secret.partition(":")[::2]):
                return "it is not name:password"
            return "" if len(secret.rpartition(":")[2]) >= _SHORTEST else f"it is shorter than {_SHORTEST} letters"
        case Provider.MAILGUN:
            return "" if len(hooks.mailgun) >= _SHORTEST else "it is too short for a signing key"


def _is_base64(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) > 2 * _SHORTEST
    except (binascii.Error, ValueError):
        return False


def webhook_checks(ways: WaysIn, base_url: str, post: Post, seconds: float) -> Iterator[tuple[str, Check]]:
    """Give a check for each webhook: whether its address is reached, and refuses what nobody signed."""
    for each in ways.providers:
        url = f"{base_url}/api/v1/hooks/{each}"
        yield f"webhook {each}", partial(_refuses, each, url, post, seconds)


def _refuses(provider: Provider, url: str, post: Post, seconds: float) -> Iterator[Line]:
    name = f"webhook {provider}"
    try:
        status = post(url, _UNSIGNED, seconds)
    except NotReached as failed:
        yield warn(
            name, f"its address is not reached: {failed}", f"see that `digest serve` runs and that {url} leads to it"
        )
        return
    if status == 403:
        yield ok(name, f"{url} is reached, and refuses what is not signed")
    elif 200 <= status < 300:
        yield fail(
            name, f"{url} takes what nobody signed ({status})", "see that it leads to `digest serve` and nowhere else"
        )
    else:
        how = "see that the web server passes /api/v1/hooks/… on to `digest serve`, with the settings of now"
        yield fail(name, f"{url} answers {status}; 403 is right for what is not signed", how)
