"""Whether bounces and complaints would be heard, as the doctor tells it."""

from __future__ import annotations

import base64

import pytest

from digest.delivery.way_out import NotReached
from digest.pipeline.doctor.coming_back import WaysIn, ways_in, webhook_checks
from digest.pipeline.doctor.verdict import Verdict
from digest.pipeline.hearing.hear_provider import Hooks

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
KEY = base64.b64encode(bytes(91)).decode()


def test_who_hears_nothing_is_told_how_to_hear() -> None:
    """Mail goes out all the same: a warning."""
    (line,) = ways_in(WaysIn(has_mailbox=False, hooks=Hooks()))

    assert (line.verdict, line.check) == (Verdict.WARN, "coming back")
    assert "DIGEST_BOUNCE_MAILBOX" in line.remedy


def test_every_way_in_is_named() -> None:
    """And nothing of a secret."""
    hooks = Hooks(ses=(TOPIC,), sendgrid=KEY, mailgun="k" * 32, postmark="post:" + "p" * 20, brevo="b" * 20)

    (line,) = ways_in(WaysIn(has_mailbox=True, hooks=hooks))

    assert line.verdict is Verdict.OK
    assert line.says.endswith("a mailbox, ses, sendgrid, mailgun, postmark, brevo")


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        (Hooks(ses=("bounces",)), "no topic"),
        (Hooks(sendgrid="-----BEGIN"), "no public key"),
        (Hooks(mailgun="short"), "too short"),
        (Hooks(postmark="p" * 20), "name:password"),
        (Hooks(postmark="post:mark"), "shorter than"),
        (Hooks(brevo="token"), "shorter than"),
    ],
    ids=["ses", "sendgrid", "mailgun", "postmark without a name", "postmark", "brevo"],
)
def test_a_secret_that_proves_nothing_is_told(hooks: Hooks, words: str) -> None:
    """Whoever guesses it speaks for the service."""
    _, line = ways_in(WaysIn(has_mailbox=False, hooks=hooks))

    assert line.verdict is Verdict.FAIL
    assert words in line.says


@pytest.mark.parametrize(("status", "verdict"), [(403, "ok"), (200, "fail"), (404, "fail"), (301, "fail")])
def test_a_webhook_must_be_there_and_refuse_what_nobody_signed(status: int, verdict: str) -> None:
    """It is asked as anybody could ask it."""
    asked: list[tuple[str, bytes]] = []

    def post(url: str, body: bytes, seconds: float) -> int:
        asked.append((url, body))
        return status

    checks = dict(
        webhook_checks(WaysIn(has_mailbox=False, hooks=Hooks(brevo="b" * 20)), "https://n.press.net", post, 1)
    )
    (line,) = checks["webhook brevo"]()

    assert line.verdict.value == verdict
    assert asked == [("https://n.press.net/api/v1/hooks/brevo", b"{}")]


def test_a_webhook_that_is_not_reached_is_a_warning() -> None:
    """Nobody may serve yet."""

    def post(url: str, body: bytes, seconds: float) -> int:
        raise NotReached("Connection refused")

    checks = dict(
        webhook_checks(WaysIn(has_mailbox=False, hooks=Hooks(brevo="b" * 20)), "https://n.press.net", post, 1)
    )
    (line,) = checks["webhook brevo"]()

    assert line.verdict is Verdict.WARN
    assert "Connection refused" in line.says
