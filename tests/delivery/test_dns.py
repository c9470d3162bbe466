"""The door to DNS: answers as texts, failures in words, each name asked once."""

from __future__ import annotations

import pytest

dns_resolver = pytest.importorskip("dns.resolver", reason="dnspython is an extra")

import dns.exception  # noqa: E402
import dns.rdata  # noqa: E402

from digest.delivery.dns import Dns  # noqa: E402
from digest.delivery.names import LookupFailed  # noqa: E402

RECORDS = {
    "TXT": '"v=spf1 include:a.example.net " "-all"',
    "MX": "10 mail.example.net.",
    "A": "192.0.2.1",
    "PTR": "mail.example.net.",
    "NS": "ns.example.net.",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a resolver answer from RECORDS; names that begin with an error's name raise it."""
    asked: list[str] = []
    errors = {
        "none": dns_resolver.NXDOMAIN,
        "empty": dns_resolver.NoAnswer,
        "slow": dns_resolver.LifetimeTimeout,
        "ill": dns_resolver.NoNameservers,
    }

    def resolve(self: object, name: object, kind: str, **_options: object) -> list[object]:
        asked.append(f"{name} {kind}")
        if error := errors.get(str(name).partition(".")[0]):
            raise error.__new__(error)
        return [dns.rdata.from_text("IN", kind, RECORDS[kind])]

    monkeypatch.setattr(dns_resolver.Resolver, "resolve", resolve)
    monkeypatch.setattr(dns_resolver.Resolver, "read_resolv_conf", lambda self, name: None)
    return asked


def test_records_come_as_texts(asked: list[str]) -> None:
    """TXT in one piece, names without the last dot, an address asked for by its reverse name."""
    found = Dns()

    assert found.look_up("example.net", "TXT") == ["v=spf1 include:a.example.net -all"]
    assert found.look_up("example.net", "MX") == ["10 mail.example.net"]
    assert found.look_up("192.0.2.1", "PTR") == ["mail.example.net"]
    assert asked[-1] == "1.2.0.192.in-addr.arpa. PTR"


def test_a_name_is_asked_once(asked: list[str]) -> None:
    """Case does not matter."""
    found = Dns()
    for name in ("example.net", "Example.NET"):
        found.look_up(name, "A")

    assert asked == ["example.net A"]


@pytest.mark.parametrize("name", ["none.example.net", "empty.example.net"])
def test_a_name_that_is_not_there_has_no_records(asked: list[str], name: str) -> None:
    """That is an answer."""
    assert Dns().look_up(name, "A") == []


def test_a_server_that_knows_no_name_at_all_has_not_answered(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is shut off may say of everything that it is not there."""

    def resolve(self: object, name: object, kind: str, **_options: object) -> list[object]:
        raise dns_resolver.NXDOMAIN

    monkeypatch.setattr(dns_resolver.Resolver, "resolve", resolve)

    with pytest.raises(LookupFailed, match="know no names"):
        Dns().look_up("example.net", "TXT")


@pytest.mark.parametrize(("name", "words"), [("slow.example.net", "no name server"), ("ill.example.net", "failed")])
def test_no_answer_is_told_in_words(asked: list[str], name: str, words: str) -> None:
    """And is no answer."""
    with pytest.raises(LookupFailed, match=words):
        Dns().look_up(name, "A")


def test_a_name_that_can_be_none_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels too long never reach a server."""
    monkeypatch.setattr(dns_resolver.Resolver, "read_resolv_conf", lambda self, name: None)

    with pytest.raises(LookupFailed):
        Dns().look_up("a" * 80 + ".example.net", "A")
