"""The evidence about one subscriber as lines for a person; whatever comes from outside is on one line and harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from digest.cli.screen import counted, on_one_line


def evidence_card(found: Mapping[str, Any]) -> str:
    """Return what `evidence_of` gave: consent, each newsletter, what holds for all, disclaimers, what came back."""
    lines = [
        f"Evidence about {found['address']}",
        *_consents(found["consents"]),
        *_newsletters(found["newsletters"]),
        *_handling(found["handling"]),
        *_shown(found["shown"]),
        *_reports(found["reports"]),
    ]
    return "\n".join(on_one_line(line) for line in lines)


def _consents(consents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "Consent, oldest first" if consents else "Consent: nothing on record")
    for each in consents:
        yield f"  {_time(each['at'])}  {each['newsletter']}: {each['event']}, {each['source'] or 'no source'}"


def _newsletters(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in found:
        yield from ("", f"{each['newsletter']}: {each['state']}")
        yield f"  agreed     {_moment(each['agreed_at'])}  {each['agreed_by'] or ''}".rstrip()
        yield f"  confirmed  {_moment(each['confirmed_at'])}"
        if each["withdrawn_at"]:
            yield f"  withdrawn  {_time(each['withdrawn_at'])}  {each['withdrawn_by']}"
            yield f"  after it   {counted(each['mails_begun_after_withdrawal'], 'mail')} begun"
        yield f"  sender     {each['sender']}, {each['postal_address']}"


def _handling(found: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "For all of them")
    yield f"  suppressed {found['suppressed'] or 'no'}"
    yield "  leaving    one click, without a login; links in old mails do not expire"
    yield "  tracking   none: neither opens nor links"
    yield f"  log        kept {found['log_kept']}"


def _shown(shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "Articles and disclaimers shown" if shown else "Articles and disclaimers shown: none yet")
    flags = {True: "AI-generated", False: "not AI-generated", None: "not said whether AI-generated"}
    for each in shown:
        where = f"{each['newsletter']}/{each['edition']}"
        yield f"  {_time(each['at'])}  {where}  {each['title']} (revision {each['revision']})"
        yield f"      {flags[each['ai_generated']]}; human review: {_review(each['human_review'])}"
        told = f"{each['disclaimer_version']}: {each['disclaimer']}" if each["disclaimer"] else "none"
        yield f"      disclaimer {told}"


def _review(review: Mapping[str, str] | None) -> str:
    return f"{review['by']}, {_time(review['at'])}" if review else "none on record"


def _reports(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "What came back" if reports else "What came back: nothing")
    for each in reports:
        what = " ".join(
            str(part) for part in (each["kind"], each["class"], each["status"], each["feedback_type"]) if part
        )
        yield f"  {_time(each['at'])}  {each['newsletter']}/{each['edition'] or ''}  {what}: {each['effect']}"


def _moment(moment: str | None) -> str:
    return _time(moment) if moment else "no record"


def _time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
