"""The records that a sender's domain needs in DNS, to be copied into a zone; nothing is looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.errors import NotFound
from digest.pipeline.doctor.examine import Patient, domain_of
from digest.pipeline.doctor.sender import Published
from digest.settings.urls import LOOPBACK
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters

_LONGEST_STRING = 255  # RFC 1035 §3.3: octets between two quotation marks


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and why it is there; `is_yours` where a value has to be filled in first."""

    name: str
    kind: str
    value: str
    why: str
    is_yours: bool = False

    def as_json(self) -> dict[str, str | bool]:
        """Return its values."""
        return {"name": self.name, "type": self.kind, "value": self.value, "why": self.why, "fill_in": self.is_yours}

    def __str__(self) -> str:
        """Return it as a line of a zone file; long texts in several strings (RFC 1035 §5.1)."""
        return f"{self.name}. {self.kind} {_strings(self.value) if self.kind == 'TXT' else self.value}"


def records_to_publish(patient: Patient) -> list[Record]:
    """Return the records for the senders of all newsletters, each once.

    Raises NotFound when there is no newsletter, or no database to read them from.
    """
    if patient.engine is None:
        raise NotFound(f"the senders cannot be read: {patient.no_engine or 'correct the settings first'}")
    with reading(patient.engine) as connection:
        found = load_newsletters(connection)
    if not found:
        raise NotFound("there is no newsletter, so no sender; run: digest newsletters apply FILE.toml")
    host = next((each.host for each in patient.relays), "")
    records: dict[tuple[str, str], Record] = {}
    domains = (domain_of(address) for each in found.values() for address in each.sender.addresses)
    for domain in dict.fromkeys(domains):
        for each in records_for(
            domain,
            return_domain=domain_of(patient.return_path) if patient.return_path else domain,
            published=[Published(own or domain, name(domain), record) for own, name, record in patient.keys],
            relay_host="" if host in LOOPBACK else host,
            reports_to=f"dmarc@{domain}",
        ):
            records.setdefault((each.name, each.kind), each)
    return list(records.values())


def records_for(
    domain: str, *, return_domain: str, published: Sequence[Published], relay_host: str, reports_to: str
) -> Iterator[Record]:
    """Give the records for mail from *domain* whose bounces go to *return_domain* and that leaves by *relay_host*.

    *reports_to* is the mailbox for DMARC's reports. Where the answer is the operator's alone, `is_yours` is set.
    """
    leaves_by = f"a:{relay_host}" if relay_host else "include:YOUR-MAIL-SERVER"
    for each in dict.fromkeys((return_domain, domain)):
        what = "who may send for the return path" if each == return_domain else "who may send with this domain in EHLO"
        why = f"SPF: {what} (RFC 7208); a provider that sends for you tells its include:"
        yield Record(each, "TXT", f"v=spf1 {leaves_by} ~all", why, is_yours=True)
    for key in published:
        yield Record(key.name, "TXT", key.record, "DKIM: the public half of the key that signs (RFC 6376)")
    why = "DMARC: the policy, and who hears of mail in your name (RFC 9989); later p=quarantine, then p=reject"
    yield Record(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{reports_to}", why, is_yours=True)
    for each in dict.fromkeys((return_domain, domain)):
        what = "bounces" if each == return_domain else "answers, and mails to unsubscribe,"
        yield Record(each, "MX", "10 YOUR-MAILBOX-SERVER.", f"where {what} arrive", is_yours=True)


def _strings(text: str) -> str:
    pieces = (text[at : at + _LONGEST_STRING] for at in range(0, len(text), _LONGEST_STRING))
    return " ".join('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in pieces)
