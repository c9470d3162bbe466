"""One subscriber or one article as lines for a person; whatever comes from outside is on one line and harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from digest.cli.screen import counted, on_one_line

if TYPE_CHECKING:
    from digest.model.article import Article

_MAILS_SHOWN = 5


def subscriber_card(found: Mapping[str, Any]) -> str:
    """Return what `subscriber_as_json` gave as a card: the person, then each subscription with its last mails."""
    name, address = found["name"], found["address"]
    lines = [
        f"{name} <{address}>" if name else address,
        f"  zone    {found['timezone']}",
        f"  locale  {found['locale']}",
        f"  joined  {_time(found['joined_at'])}",
        f"  shown   {counted(len(found['stories_shown']), 'story', 'stories')} that will not come again",
    ]
    for each in found["subscriptions"]:
        mails = [mail for mail in found["deliveries"] if mail["newsletter"] == each["newsletter"]]
        consents = [consent for consent in found["consents"] if consent["newsletter"] == each["newsletter"]]
        lines += ["", f"{each['newsletter']}: {_state(each)}", *_subscription(each), *_consents(consents)]
        lines += _mails(mails, address)
    return "\n".join(on_one_line(line) for line in lines)


def article_card(article: Article) -> str:
    """Return what was understood of *article* as a card: its texts whole, its sections by heading and length."""
    from digest.enrichment.summary import summarise
    from digest.pipeline.collecting.notice import notice_for

    summary = summarise(article)
    facts = (
        ("deck", article.deck),
        ("summary", "" if summary.text == article.deck else summary.text),
        ("language", article.language or "unknown"),
        ("author", article.author),
        ("published", _time(article.published_at.isoformat()) if article.published_at else ""),
        ("url", article.url),
        ("topics", ", ".join(article.topics)),
        ("AI-generated", {True: "yes", False: "no", None: ""}[article.ai_generated]),
        ("disclaimer", article.disclaimer or "none"),
        ("notice", "" if article.disclaimer else notice_for(article, ())),
    )
    lines = [article.title, *(f"  {label}: {text}" for label, text in facts if text)]
    lines.append(f"  sections: {len(article.sections)}")
    lines += [
        f"    {section.heading or '(no heading)'}: {counted(len(section.paragraphs), 'paragraph')}"
        for section in article.sections
    ]
    lines.append(f"  related: {len(article.related) or 'none'}")
    lines += [f"    {link.title} {link.url}".rstrip() for link in article.related]
    return "\n".join(on_one_line(line) for line in lines)


def _state(subscription: Mapping[str, Any]) -> str:
    # Midnight stands for "some time on that day": no record says when.
    since = _time(subscription["since"]).removesuffix(" 00:00 UTC")
    state = f"{subscription['state']} since {since}"
    if subscription["ended_reason"]:
        return f"{state} ({subscription['ended_reason'].replace('_', ' ')})"
    return f"{state}, until {_time(subscription['paused_until'])}" if subscription["paused_until"] else state


def _subscription(subscription: Mapping[str, Any]) -> Iterator[str]:
    days, _, hour = subscription["rule"].partition("|")
    when = "every day" if days.count(",") == 6 else days.replace(",", ", ")
    yield f"  hour    {hour} {subscription['zone']}, {when}"
    if subscription["state"] == "active" and subscription["next_slot_at"]:
        yield f"  next    {_time(subscription['next_slot_at'], subscription['zone'])}"
    yield f"  topics  {_topics(subscription['interests'])}"


def _topics(interests: Mapping[str, Any]) -> str:
    follows = [
        each["topic"] + (f" (weight {each['weight']:g})" if each["weight"] != 1 else "")
        for each in interests["follows"]
    ]
    told = ", ".join([*follows, *(f"“{word}”" for word in interests["keywords"])]) or "everything"
    told += "; everything else too" if interests.get("wants_all") and told != "everything" else ""
    told += "; one surprise" if interests.get("surprise") else ""
    told += f"; not {', '.join(interests['muted'])}" if interests["muted"] else ""
    return told + (f"; in {', '.join(interests['languages'])}" if interests["languages"] else "")


def _consents(consents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in consents:
        yield f"  consent {_time(each['at'])}  {each['event'].replace('_', ' ')} {each['source']}".rstrip()


def _mails(mails: Sequence[Mapping[str, Any]], address: str) -> Iterator[str]:
    if not mails:
        yield "  mails   none yet"
    for each in reversed(mails[-_MAILS_SHOWN:]):
        state = each["state"] + (f" ({each['reason'].replace('_', ' ')})" if each["reason"] else "")
        yield f"  mail    {_time(each['slot_at'])}  {state}  {each['subject'] or ''}".rstrip()
        if each["attempts"] and each["state"] != "sent":
            last = each["attempts"][-1]
            yield f"          {last['reply_code'] or ''} {last['text']}".rstrip()
    if len(mails) > _MAILS_SHOWN:
        yield f"  … and {len(mails) - _MAILS_SHOWN} more: digest deliveries --address {address}"


def _time(moment: str, zone: str = "") -> str:
    """Return an ISO 8601 time as "2026-11-23 07:00 Asia/Seoul", in UTC when no zone is named."""
    if zone:
        from digest.scheduling.zones import zone_of

        return f"{datetime.fromisoformat(moment).astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}"
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
