"""Signatures of services, each as the service documents it; comparisons take as long for every wrong one.

Those that sign with a private key need the extra `dkim`, which brings `cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from digest.errors import BadInput
from digest.feedback.providers.told import text_of

OLDEST = timedelta(minutes=10)  #: of a timestamp that is signed, either way
OLDEST_OF_SNS = timedelta(days=24)  #: for so long it may try again, with the timestamp of the first time
_AMAZON = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_MISSING = "this check needs the extra `dkim`: pip install 'digest-sender[dkim]'"


def is_mailgun(payload: Mapping[str, Any], key: str, now: datetime) -> bool:
    """Whether the token and time in *payload* are signed with *key*, and the time is now (HMAC-SHA256, hex)."""
    when, token = text_of(payload, "signature", "timestamp"), text_of(payload, "signature", "token")
    given = text_of(payload, "signature", "signature")
    expected = hmac.new(key.encode(), f"{when}{token}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode()) and _is_now(when, now)


def is_sendgrid(body: bytes, headers: Mapping[str, str], public_key: str, now: datetime) -> bool:
    """Whether time and body are signed (ECDSA, SHA-256) with the key of *public_key* (base64 of DER)."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError:
        raise BadInput(_MISSING) from None
    when = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        given = base64.b64decode(headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(given, when.encode() + body, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return _is_now(when, now)


def is_sns(envelope: Mapping[str, Any], certificate: Callable[[str], bytes], now: datetime) -> bool:
    """Whether Amazon signed the SNS message (RSA, version 1 with SHA-1, version 2 with SHA-256).

    *certificate* fetches the PEM at an address, which is asked for only when that is Amazon's.
    """
    try:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    except ImportError:
        raise BadInput(_MISSING) from None
    where = text_of(envelope, "SigningCertURL")
    version = text_of(envelope, "SignatureVersion")
    if not is_amazons(where) or not urlsplit(where).path.endswith(".pem") or version not in ("1", "2"):
        return False
    try:
        given = base64.b64decode(text_of(envelope, "Signature"), validate=True)
        found = x509.load_pem_x509_certificate(certificate(where))
        key = found.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            return False
        used = SHA1() if version == "1" else SHA256()  # noqa: S303  # the service's own choice
        key.verify(given, _signed(envelope), padding.PKCS1v15(), used)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return _is_fresh(text_of(envelope, "Timestamp"), now)


def _is_fresh(written: str, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return False
    return at.tzinfo is not None and now - OLDEST_OF_SNS <= at <= now + OLDEST


def is_amazons(url: str) -> bool:
    """Whether *url* is an https address of SNS itself, with nothing about it that leads elsewhere."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and port is None and bool(_AMAZON.fullmatch(parts.netloc))


def is_login(authorization: str, login: str) -> bool:
    """Whether a header is Basic with *login* ("name:password", RFC 7617), or Bearer with it (RFC 6750)."""
    kind, _, given = authorization.partition(" ")
    expected = {"basic": base64.b64encode(login.encode()).decode(), "bearer": login}.get(kind.lower(), "")
    return bool(expected) and hmac.compare_digest(expected.encode(), given.strip().encode("utf-8", "replace"))


def _signed(envelope: Mapping[str, Any]) -> bytes:
    names = _NOTIFICATION if envelope.get("Type") == "Notification" else _CONFIRMATION
    lines = [f"{name}\n{envelope[name]}\n" for name in names if isinstance(envelope.get(name), str)]
    return "".join(lines).encode("utf-8", "replace")


def _is_now(seconds: str, now: datetime) -> bool:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return False
    return abs(now.timestamp() - int(seconds)) <= OLDEST.total_seconds()
