"""Signatures of services: right ones, and each way to be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from digest.feedback.providers.signatures import is_amazons, is_login, is_mailgun, is_sendgrid, is_sns

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
SIGNED_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SIGNED_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@lru_cache(maxsize=1)
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a key, and its certificate as PEM, valid around NOW."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW - timedelta(days=30)).not_valid_after(NOW + timedelta(days=30))
    return key, made.sign(key, SHA256()).public_bytes(Encoding.PEM)


def signed_sns(version: str = "2", **changes: Any) -> dict[str, Any]:
    """Return an SNS message with its signature; what is in *changes* is signed too."""
    message = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:bounces",
        "Message": "{}",
        "Timestamp": "2026-11-23T07:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        **changes,
    }
    names = SIGNED_NOTIFICATION if message["Type"] == "Notification" else SIGNED_CONFIRMATION
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    made = amazon()[0].sign(text.encode(), padding.PKCS1v15(), SHA1() if version == "1" else SHA256())
    return {**message, "Signature": base64.b64encode(made).decode()}


def certificate(_url: str) -> bytes:
    return amazon()[1]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "more", [{}, {"Subject": "Hello"}, {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://x"}]
)
def test_amazon_s_word_is_taken_with_its_signature(version: str, more: dict[str, str]) -> None:
    """Notifications with and without a subject, and confirmations, in both versions."""
    assert is_sns(signed_sns(version, **more), certificate, NOW)


@pytest.mark.parametrize(
    "bent",
    [
        {"Message": "{} "},
        {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:others"},
        {"Subject": "added"},
        {"Signature": ""},
        {"Signature": "!!!"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": "1"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.example.net/a.pem"},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/a.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.exe"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@example.net/a.pem"},
        {"SigningCertURL": "https://s3.eu-west-1.amazonaws.com/bucket/a.pem"},
        {"SigningCertURL": 5},
    ],
    ids=str,
)
def test_a_message_that_amazon_did_not_sign_so_is_refused(bent: dict[str, Any]) -> None:
    """And a certificate from elsewhere is not even fetched."""
    fetched: list[str] = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return amazon()[1]

    assert not is_sns({**signed_sns(), **bent}, fetch, NOW)
    assert all(is_amazons(url) for url in fetched)


@pytest.mark.parametrize(
    ("written", "is_taken"),
    [
        ("2026-11-23T07:00:00.000Z", True),
        ("2026-11-01T07:00:00.000Z", True),
        ("2026-10-20T07:00:00.000Z", False),
        ("2026-11-25T07:00:00.000Z", False),
        ("2026-11-23T07:00:00", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_message_of_amazon_s_counts_while_it_may_still_be_tried_again(written: str, is_taken: bool) -> None:
    """Later it is somebody's who kept it; and one from the future is nobody's."""
    assert is_sns(signed_sns(Timestamp=written), certificate, NOW) is is_taken


def test_a_certificate_counts_in_its_time_only() -> None:
    """And only when it is one."""
    assert not is_sns(signed_sns(), certificate, NOW + timedelta(days=31))
    assert not is_sns(signed_sns(), lambda _: b"no certificate", NOW)


def test_mailgun_signs_its_time_and_token() -> None:
    """With the signing key; an old one is refused, whoever signed it."""
    when = str(int(NOW.timestamp()))
    made = hmac.new(b"key", f"{when}token".encode(), hashlib.sha256).hexdigest()
    payload = {"signature": {"timestamp": when, "token": "token", "signature": made}}

    assert is_mailgun(payload, "key", NOW)
    assert not is_mailgun(payload, "other", NOW)
    assert not is_mailgun(payload, "key", NOW + timedelta(minutes=11))
    assert not is_mailgun({"signature": {**payload["signature"], "token": "tokens"}}, "key", NOW)
    assert not is_mailgun({}, "key", NOW)


def test_sendgrid_signs_its_time_and_the_whole_body() -> None:
    """ECDSA over P-256; another body, time or key is refused."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    when = str(int(NOW.timestamp()))
    made = base64.b64encode(key.sign(when.encode() + b"[]\r\n", ec.ECDSA(SHA256()))).decode()
    headers = {
        "x-twilio-email-event-webhook-signature": made,
        "x-twilio-email-event-webhook-timestamp": when,
    }

    assert is_sendgrid(b"[]\r\n", headers, public, NOW)
    assert not is_sendgrid(b"[]", headers, public, NOW)
    assert not is_sendgrid(b"[]\r\n", headers, public, NOW + timedelta(minutes=11))
    assert not is_sendgrid(b"[]\r\n", {**headers, "x-twilio-email-event-webhook-signature": "AAAA"}, public, NOW)
    assert not is_sendgrid(b"[]\r\n", {}, public, NOW)
    assert not is_sendgrid(b"[]\r\n", headers, "no key", NOW)


def test_a_login_is_compared_whole() -> None:
    """Basic or Bearer, as it was set."""
    basic = f"Basic {base64.b64encode(b'post:mark').decode()}"

    assert is_login(basic, "post:mark")
    assert is_login("Bearer t0ken", "t0ken")
    for wrong in ("", "Basic", "Bearer", basic + "A", "Bearer T0ken", "Digest post:mark", "Bearer é"):
        assert not is_login(wrong, "post:mark")
