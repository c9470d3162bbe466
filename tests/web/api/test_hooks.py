"""Webhooks of sending services, the whole way: from the POST to the reader who is, or is not, suppressed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from digest.pipeline.hearing.hear_provider import Hooks
from digest.tokens import Purpose
from digest.web.site import build_site
from tests.feedback.providers.test_dialects import brevo, mailgun_failed, postmark, sendgrid, ses_bounce
from tests.feedback.providers.test_signatures import amazon, signed_sns
from tests.house import House
from tests.sink import Sink
from tests.web.api.conftest import API
from tests.web.asking import ANNA, subscription

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
DEAD = "550 5.1.1 User unknown"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"


class Services:
    """All five, with their secrets, and how each signs what it sends."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.fetched: list[str] = []
        self.hooks = Hooks(
            ses=(TOPIC,),
            sendgrid=base64.b64encode(public).decode(),
            mailgun="key",
            postmark="post:mark",
            brevo="t0ken",
            fetch=self._fetch,
        )

    def _fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return amazon()[1]

    def post(self, client: TestClient, name: str, payload: Any, *, forged: bool = False) -> Any:
        """Send *payload* as the service does; *forged*: without what proves it."""
        when, headers = str(int(self._house.clock.at.timestamp())), {"content-type": "application/json"}
        body = json.dumps(payload).encode()
        if name == "sendgrid":
            made = self._key.sign(when.encode() + (b"x" if forged else body), ec.ECDSA(SHA256()))
            headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(made).decode()
            headers["X-Twilio-Email-Event-Webhook-Timestamp"] = when
        elif name == "mailgun":
            body = json.dumps(signed_by_mailgun(payload, when, b"x" if forged else b"key")).encode()
        elif name == "ses":
            signed = signed_sns(**{name: value for name, value in payload.items() if name != "MessageId"})
            body = json.dumps({**signed, "Message": signed["Message"] + " "} if forged else signed).encode()
        elif name == "postmark":
            headers["authorization"] = f"Basic {base64.b64encode(b'post:marc' if forged else b'post:mark').decode()}"
        else:
            headers["authorization"] = "Bearer no" if forged else "Bearer t0ken"
        return client.post(f"/hooks/{name}", content=body, headers=headers)


def signed_by_mailgun(payload: Any, when: str, key: bytes) -> Any:
    """Return *payload* as Mailgun sends it: a token of its own, and a signature over time and token."""
    token = hashlib.sha256(json.dumps(payload).encode()).hexdigest()
    made = hmac.new(key, f"{when}{token}".encode(), hashlib.sha256).hexdigest()
    return {**payload, "signature": {"timestamp": when, "token": token, "signature": made}}


@pytest.fixture(scope="module")
def sent_once(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a house that has sent Anna a mail, to be copied, and the Message-ID of that mail."""
    made = House(Path(shutil.copytree(made_once, tmp_path_factory.mktemp("sent") / "house")))
    made.article()
    made.move(hours=2)
    with Sink() as sink:
        made.send(sink)
    made.engine.dispose()
    return made.folder, sink.mails[-1].message_id


@pytest.fixture
def sent(sent_once: tuple[Path, str], tmp_path: Path) -> Iterator[House]:
    """Give a house that has sent Anna a mail."""
    made = House(Path(shutil.copytree(sent_once[0], tmp_path / "house")))
    made.move(hours=2)
    yield made
    made.engine.dispose()


@pytest.fixture
def message_id(sent_once: tuple[Path, str]) -> str:
    """Return the Message-ID of Anna's mail."""
    return sent_once[1]


@pytest.fixture
def services(sent: House) -> Services:
    return Services(sent)


@pytest.fixture
def door(sent: House, services: Services) -> Iterator[TestClient]:
    """Give a program of nobody's."""
    with TestClient(build_site(sent.installation, services.hooks), base_url=API) as client:
        yield client


def tag_of(house: House) -> str:
    return house.installation.tokens.make(Purpose.BOUNCE, house.rows("SELECT id FROM deliveries")[0][0])


def events(tag: str, message_id: str) -> dict[str, Callable[[str], Any]]:
    """Return what each service tells of a dead mailbox, for an address."""

    def filled(payload: Any, who: str) -> Any:
        told = json.dumps(payload).replace("anna@example.net", who).replace("B" * 31 + "A", tag)
        return json.loads(
            told.replace("<0123abcd@news.example.org>", message_id).replace(
                "0123abcd@news.example.org", message_id.strip("<>")
            )
        )

    said = {
        "ses": ses_bounce("Permanent", "General", "5.1.1", DEAD),
        "sendgrid": sendgrid("bounce", type="bounce", reason=DEAD, status="5.1.1"),
        "mailgun": mailgun_failed("permanent", 550, "5.1.1 User unknown"),
        "postmark": postmark("Bounce", Type="HardBounce", Details=DEAD),
        "brevo": brevo("hard_bounce", DEAD),
    }
    return {name: (lambda who, payload=payload: filled(payload, who)) for name, payload in said.items()}


NAMES = ["ses", "sendgrid", "mailgun", "postmark", "brevo"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dead_mailbox_that_a_service_tells_of_is_suppressed_once(
    sent: House, message_id: str, services: Services, door: TestClient, name: str
) -> None:
    """By the tag, or by our Message-ID where the tag is not ours; the same event again is known."""
    payload = events("C" * 32, message_id)[name](ANNA)

    first, again = services.post(door, name, payload), services.post(door, name, payload)

    assert (first.status_code, first.json()) == (200, {"events": 1, "known": 0})
    assert again.json() == {"events": 1, "known": 1}
    assert subscription(sent)[:2] == ("ended", "suppressed")
    assert sent.rows("SELECT found_by, effect FROM reports") == [("message_id", "suppressed")]


@pytest.mark.parametrize("name", NAMES)
def test_a_forged_webhook_changes_nothing(
    sent: House, message_id: str, services: Services, door: TestClient, name: str
) -> None:
    """Not signed, or not set up: 403. Signed, of nobody's mail or another reader's: on record, and no more."""
    payload = events(tag_of(sent), message_id)[name]
    before = sent.dump()

    forged = services.post(door, name, payload(ANNA), forged=True)
    with TestClient(build_site(sent.installation), base_url=API) as other:
        not_set_up = services.post(other, name, payload(ANNA))
    assert sent.dump() == before
    others = services.post(door, name, payload("ben@example.net"))
    unknown = services.post(door, name, events("C" * 32, "<x@news.example.org>")[name](ANNA))

    assert [each.status_code for each in (forged, not_set_up)] == [403, 403]
    assert forged.headers["content-type"] == "application/problem+json"
    assert [each.status_code for each in (others, unknown)] == [200, 200]
    assert subscription(sent)[0] == "active"
    assert {row[0] for row in sent.rows("SELECT effect FROM reports")} <= {"nothing"}


def test_what_mailgun_signed_for_one_event_is_good_for_no_other(
    sent: House, message_id: str, services: Services, door: TestClient
) -> None:
    """Its signature covers a token, and not the event: who overheard one might put another under it."""
    harmless = {"event-data": {"event": "delivered", "id": "1", "recipient": ANNA}}
    heard = signed_by_mailgun(harmless, str(int(sent.clock.at.timestamp())), b"key")
    swapped = {**events("C" * 32, message_id)["mailgun"](ANNA), "signature": heard["signature"]}

    answers = [door.post("/hooks/mailgun", json=each).status_code for each in (heard, swapped, heard)]

    assert answers == [200, 403, 200]
    assert subscription(sent)[0] == "active"


def test_a_tag_is_enough_and_a_complaint_ends_it_at_once(sent: House, services: Services, door: TestClient) -> None:
    """However the service spells the address."""
    payload = {**brevo("spam"), "email": ANNA.upper(), "X-Mailin-custom": tag_of(sent), "message-id": ""}

    assert services.post(door, "brevo", payload).status_code == 200
    assert subscription(sent)[:2] == ("ended", "suppressed")


def test_a_reader_who_leaves_by_the_service_s_own_link_has_left(
    sent: House, message_id: str, services: Services, door: TestClient
) -> None:
    """That newsletter, and nothing is suppressed."""
    row = {**sendgrid("unsubscribe")[0], "email": ANNA, "smtp-id": message_id}

    services.post(door, "sendgrid", [row])

    assert subscription(sent)[0] == "ended"
    assert subscription(sent, "weekly")[0] == "active"
    assert sent.rows("SELECT * FROM suppressions") == []


def test_a_topic_of_amazon_s_is_confirmed_by_visiting_its_own_address(
    sent: House, services: Services, door: TestClient
) -> None:
    """Only a signed one, of a topic that is ours; the certificate is fetched once."""
    wish = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": CONFIRM, "Message": "Please confirm"}

    confirmed = services.post(door, "ses", wish)
    strange = services.post(door, "ses", {**wish, "TopicArn": "arn:aws:sns:eu-west-1:1:others"})
    elsewhere = services.post(door, "ses", {**wish, "SubscribeURL": "https://example.net/"})

    assert [each.status_code for each in (confirmed, strange, elsewhere)] == [200, 403, 403]
    assert services.fetched == ["https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem", CONFIRM]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"{", 422), (b"[" * 50_000, 422), (b"5", 403), (b"null", 403), (b" " * 1_048_577, 413)],
    ids=["empty", "half", "deep", "number", "null", "too large"],
)
def test_a_body_that_no_service_sends_is_told_so(door: TestClient, content: bytes, status: int) -> None:
    """Never a 5xx."""
    answer = door.post("/hooks/mailgun", content=content)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert door.post("/hooks/nobody", content=b"{}").status_code == 422
