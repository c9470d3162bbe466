"""Through a real Postfix and a real Dovecot: a digest arrives, one comes back, a reader leaves by mail."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from digest.feedback.imap import read_new
from digest.model.delivery import DeliveryState
from digest.model.feedback import Effect
from digest.pipeline.delivering.dispatch import Sending, dispatch
from digest.pipeline.hearing.hear_mailbox import hear_folder
from digest.settings.relay import Relay
from tests.cli.program import wait_until
from tests.house import PATIENCE, House
from tests.journeys import mail_servers
from tests.journeys.mail_servers import MailServers

ANNA, GHOST, PRESS, BOUNCES = "anna@example.org", "ghost@example.org", "press@example.org", "bounces@example.org"


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    if why := mail_servers.missing():
        pytest.skip(why)
    with mail_servers.running([ANNA, PRESS, BOUNCES]) as found:
        yield found


def active(house: House) -> list[str]:
    return [
        row[0]
        for row in house.rows(
            "SELECT u.address FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
            " WHERE s.state = 'active' ORDER BY 1"
        )
    ]


def heard(house: House, servers: MailServers, address: str) -> dict[Effect, int]:
    """Return what a hearing of the mailbox of *address* came to, as soon as there is something to hear."""
    return dict(wait_until(lambda: hear_folder(house.installation, servers.mailbox(address)).effects))


def test_a_digest_arrives_and_the_bounce_of_an_unknown_user_puts_out_exactly_that_reader(
    house: House, servers: MailServers
):
    """Then Anna has read it, and leaves by the mail that her program writes."""
    house.installation = replace(house.installation, return_path=BOUNCES)
    for reader in (ANNA, GHOST):
        house.reader(reader)
    house.move(hours=2)
    house.article("trade", "Tariff truce holds")
    house.plan()
    relay = Relay(host="127.0.0.1", port=servers.port, implicit_tls=False, starttls=False)
    done = dispatch(house.installation, Sending(relay, connections=2, helo="test.example.org", patience=PATIENCE))

    ((_, raw),) = wait_until(lambda: list(read_new(servers.mailbox(ANNA), "")))
    got = email.message_from_bytes(raw, policy=email.policy.default)
    came_back = heard(house, servers, BOUNCES)

    assert done.states == {DeliveryState.SENT: 2}, servers.log()
    assert "Tariff truce holds" in got.get_body(("html",)).get_content()
    assert got["Return-Path"].startswith("<bounces+")
    assert came_back == {Effect.SUPPRESSED: 1}
    assert active(house) == [ANNA]
    assert house.rows("SELECT kind, class, status, found_by FROM reports") == [("bounce", "hard", "5.1.1", "tag")]

    mailto = urlsplit(str(got["List-Unsubscribe"]).rpartition("<")[2].rstrip(">"))
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = ANNA, unquote(mailto.path), parse_qs(mailto.query)["subject"][0]
    answer.set_content("")
    with smtplib.SMTP("127.0.0.1", servers.port) as server:
        server.send_message(answer)

    assert heard(house, servers, PRESS) == {Effect.LEFT: 1}
    assert active(house) == []
