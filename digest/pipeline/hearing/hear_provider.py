"""Hear what sending services tell by webhook: signed, or it was never said; then by the rules for mails that came back.

Who holds a service's secret may still only speak of a mail of ours, by its tag or its Message-ID.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from digest.errors import BadInput, DigestError
from digest.feedback.providers.brevo import read_brevo
from digest.feedback.providers.mailgun import read_mailgun
from digest.feedback.providers.postmark import read_postmark
from digest.feedback.providers.sendgrid import read_sendgrid
from digest.feedback.providers.ses import read_ses
from digest.feedback.providers.signatures import is_amazons, is_login, is_mailgun, is_sendgrid, is_sns
from digest.feedback.providers.told import Told, row_of, text_of
from digest.log import get_logger
from digest.pipeline.addresses import read_address
from digest.pipeline.hearing.hear import Heard
from digest.pipeline.hearing.judge import judge
from digest.pipeline.hearing.trace import trace
from digest.pipeline.installation import Installation
from digest.store.lock import Alone, wait_for_others
from digest.store.reports import Found, is_known, take_down

Fetch = Callable[[str], bytes]
_AT_ONCE = 100  # in one transaction, so that the sender need not wait
_TOKENS = 10_000  # of the last ten minutes; older ones are refused by their time
_CERTIFICATES = 10  # Amazon changes them once a year or so


class Provider(StrEnum):
    """A sending service whose webhooks we understand."""

    SES = "ses"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"
    BREVO = "brevo"


class Forged(DigestError):
    """A webhook that its service did not sign, or signed for somebody else."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """By what each service's word is known; a service without one is not heard.

    `ses` are the ARNs of SNS topics, `sendgrid` its public key, `mailgun` its signing key, `postmark` and `brevo` the
    name:password (or the token) that they send. `fetch` returns what an address of Amazon answers.
    """

    ses: tuple[str, ...] = ()
    sendgrid: str = field(default="", repr=False)
    mailgun: str = field(default="", repr=False)
    postmark: str = field(default="", repr=False)
    brevo: str = field(default="", repr=False)
    fetch: Fetch | None = None
    certificates: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    said: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def certificate(self, url: str) -> bytes:
        """Return the certificate at *url*, fetched once; raises FetchRefused."""
        if url not in self.certificates and self.fetch is not None:
            if len(self.certificates) >= _CERTIFICATES:
                self.certificates.clear()
            self.certificates[url] = self.fetch(url)
        return self.certificates.get(url, b"")

    def is_replayed(self, token: str, body: bytes) -> bool:
        """Whether *token*, which a signature covers, came with another *body* before: it is good for one."""
        spoken = sha256(body).digest()
        while len(self.said) >= _TOKENS:
            del self.said[next(iter(self.said))]
        return self.said.setdefault(token, spoken) != spoken


def hear_provider(
    house: Installation, hooks: Hooks, provider: Provider, body: bytes, headers: Mapping[str, str]
) -> Heard:
    """Take down what a webhook tells and draw the consequences; twice is the same as once.

    *headers* are by lower-case name. Raises Forged, and BadInput for a body that is no JSON.
    """
    if not getattr(hooks, provider.value):
        raise Forged(f"{provider} is not set up here; set DIGEST_HOOK_{provider.upper()}")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("the body is no JSON") from None
    told = _READ[provider](house, hooks, payload, body, headers)
    known = 0
    for at in range(0, len(told), _AT_ONCE):
        known += _take_down(house, provider, told[at : at + _AT_ONCE])
    judged = judge(house)
    return Heard(len(told), known, judged.effects, judged.paused)


def _take_down(house: Installation, provider: Provider, told: list[Told]) -> int:
    known = 0
    with house.engine.begin() as connection:
        wait_for_others(connection, Alone.HEAR)
        for each in told:
            key = f"{provider}:{sha256((each.name or repr(each)).encode('utf-8', 'replace')).hexdigest()}"
            if is_known(connection, key):
                known += 1
                continue
            take_down(connection, key, [(each.report, _mail_of(house, connection, each))], house.clock.now())
    return known


def _mail_of(house: Installation, connection: Connection, told: Told) -> Found | None:
    """Return the mail that an event is about, if its signs prove it and it went to whom the event names."""
    found = trace(house, connection, told.signs)
    if found is None or not found.address:
        return found
    return found if _key(told.report.recipient) == _key(found.address) else None


def _key(address: str) -> str:
    try:
        return read_address(address).key
    except BadInput:
        return address.casefold()


Headers = Mapping[str, str]


def _from_ses(house: Installation, hooks: Hooks, payload: Any, _body: bytes, _headers: Headers) -> list[Told]:
    envelope = row_of(payload)
    if text_of(envelope, "TopicArn") not in hooks.ses or not is_sns(envelope, hooks.certificate, house.clock.now()):
        raise Forged("this is not signed by Amazon SNS for a topic in DIGEST_HOOK_SES")
    if text_of(envelope, "Type") == "SubscriptionConfirmation":
        where = text_of(envelope, "SubscribeURL")
        if not is_amazons(where) or hooks.fetch is None:
            raise Forged("the address that confirms the subscription is not Amazon's")
        hooks.fetch(where)
        get_logger().info("sns_confirmed", topic=text_of(envelope, "TopicArn"))
    return read_ses(envelope) if text_of(envelope, "Type") == "Notification" else []


def _from_sendgrid(house: Installation, hooks: Hooks, payload: Any, body: bytes, headers: Headers) -> list[Told]:
    if not is_sendgrid(body, headers, hooks.sendgrid, house.clock.now()):
        raise Forged("this is not signed by SendGrid with the key in DIGEST_HOOK_SENDGRID, or not now")
    return read_sendgrid(payload)


def _from_mailgun(house: Installation, hooks: Hooks, payload: Any, body: bytes, _headers: Headers) -> list[Told]:
    if not is_mailgun(row_of(payload), hooks.mailgun, house.clock.now()):
        raise Forged("this is not signed by Mailgun with the key in DIGEST_HOOK_MAILGUN, or not now")
    if hooks.is_replayed(text_of(row_of(payload), "signature", "token"), body):  # what it signs is not the event
        raise Forged("Mailgun signed this for another event")
    return read_mailgun(payload)


def _from_postmark(_house: Installation, hooks: Hooks, payload: Any, _body: bytes, headers: Headers) -> list[Told]:
    if not is_login(headers.get("authorization", ""), hooks.postmark):
        raise Forged("this does not carry the login in DIGEST_HOOK_POSTMARK")
    return read_postmark(payload)


def _from_brevo(_house: Installation, hooks: Hooks, payload: Any, _body: bytes, headers: Headers) -> list[Told]:
    if not is_login(headers.get("authorization", ""), hooks.brevo):
        raise Forged("this does not carry the login or token in DIGEST_HOOK_BREVO")
    return read_brevo(payload)


_READ = {
    Provider.SES: _from_ses,
    Provider.SENDGRID: _from_sendgrid,
    Provider.MAILGUN: _from_mailgun,
    Provider.POSTMARK: _from_postmark,
    Provider.BREVO: _from_brevo,
}
