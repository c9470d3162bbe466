"""Reports as rows: taken down once, found again by reader, counted by edition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from digest.model.feedback import Effect, Report, ReportClass, ReportKind
from digest.store.get_or_create import insert_new
from digest.store.tables import bookmarks, from_micros, reports, to_micros


@dataclass(frozen=True, slots=True)
class Found:
    """Which mail a report is about, and by which sign that was proved; a leave tag names no single mail."""

    found_by: str
    subscription_id: int
    delivery_id: int | None = None
    address: str = ""  #: where that mail went


@dataclass(frozen=True, slots=True)
class Mailed:
    """One delivery as far as a Message-ID is made of it."""

    found: Found
    newsletter: str
    period: str
    subscriber_id: int
    plan_no: int
    key_id: str


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A report on record whose effect is still to be decided, with the reader it is about."""

    report_id: int
    report: Report
    subscription_id: int | None
    subscriber_id: int | None
    edition_id: int | None
    address: str  #: where the mail went
    reads_at: str  #: the reader's address as it is now; "" when they were erased


@dataclass(frozen=True, slots=True)
class Bounced:
    """One bounce of a reader's mail."""

    report: Report
    edition_id: int
    dated_at: datetime


_REPORT = "r.kind, r.class, r.status, r.reply_code, r.cause, r.sender_fault, r.feedback_type"
_OF_A_REPORT = _REPORT.count(",") + 1


def _report(row: Row[Any]) -> Report:
    """Return what is on record of a report: neither whom it named nor what was said."""
    return Report(
        ReportKind(row.kind),
        ReportClass(row._mapping["class"]),
        row.status,
        row.reply_code,
        cause=row.cause,
        is_sender_fault=bool(row.sender_fault),
        feedback_type=row.feedback_type,
    )


def is_known(connection: Connection, source_key: str) -> bool:
    """Whether reports from this source were taken down before."""
    found = select(reports.c.id).where(reports.c.source_key == source_key).limit(1)
    return connection.execute(found).first() is not None


def take_down(
    connection: Connection, source_key: str, told: Sequence[tuple[Report, Found | None]], now: datetime
) -> None:
    """Write the reports of one source, in order; twice is the same as once."""
    insert_new(
        connection,
        reports,
        [_row(source_key, number, report, found, now) for number, (report, found) in enumerate(told, 1)],
    )


def _row(source_key: str, number: int, report: Report, found: Found | None, now: datetime) -> dict[str, Any]:
    return {
        "source_key": source_key,
        "number": number,
        "kind": report.kind.value,
        "class": report.report_class.value,
        "status": report.status[:12],
        "reply_code": report.reply_code[:3],
        "cause": report.cause[:40],
        "sender_fault": int(report.is_sender_fault),
        "feedback_type": report.feedback_type[:40].encode("ascii", "replace").decode(),
        # What is about nobody we know could not be erased with them.
        "text": report.text.replace("\0", "") if found and found.delivery_id else "",
        "found_by": found.found_by if found else "",
        "delivery_id": found.delivery_id if found else None,
        "subscription_id": found.subscription_id if found else None,
        "effect": "",
        "at": now,
    }


def delivery_found(connection: Connection, delivery_id: int, found_by: str) -> Found | None:
    """Return the delivery with this id as found by a sign, None when there is none."""
    row = connection.execute(
        text("SELECT subscription_id, id, address FROM deliveries WHERE id = :id"), {"id": delivery_id}
    ).first()
    return Found(found_by, *row) if row else None


def mailed_to(connection: Connection, subscriber_id: int, *, limit: int = 1_000) -> list[Mailed]:
    """Return the latest deliveries to a reader that became a message, newest first."""
    rows = connection.execute(
        text(
            "SELECT d.subscription_id, d.id, d.address, n.slug, e.period, d.subscriber_id, d.plan_no, o.key_id"
            " FROM deliveries d JOIN digests g ON g.id = d.digest_id JOIN origins o ON o.id = g.origin_id"
            " JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
            " WHERE d.subscriber_id = :u AND d.dated_at IS NOT NULL ORDER BY d.id DESC LIMIT :limit"
        ),
        {"u": subscriber_id, "limit": limit},
    )
    return [Mailed(Found("message_id", row[0], row[1], row[2]), *row[3:]) for row in rows]


def latest_of(connection: Connection, subscription_id: int) -> tuple[int, str] | None:
    """Return id and address of the latest mail that a subscription brought, None when there was none."""
    row = connection.execute(
        text(
            "SELECT id, address FROM deliveries WHERE subscription_id = :s AND state IN ('sent', 'in_doubt')"
            " ORDER BY id DESC LIMIT 1"
        ),
        {"s": subscription_id},
    ).first()
    return (row[0], row[1]) if row else None


def unjudged(connection: Connection, limit: int) -> list[Unjudged]:
    """Return at most *limit* reports whose effect is still to be decided, in the order they were taken down."""
    rows = connection.execute(
        text(
            f"SELECT {_REPORT}, r.id, r.subscription_id,"  # noqa: S608
            " s.subscriber_id, d.edition_id, COALESCE(d.address, u.address, '') AS address,"
            " COALESCE(u.address, '') AS reads_at"
            " FROM reports r LEFT JOIN deliveries d ON d.id = r.delivery_id"
            " LEFT JOIN subscriptions s ON s.id = r.subscription_id LEFT JOIN subscribers u ON u.id = s.subscriber_id"
            " WHERE r.effect = '' ORDER BY r.id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [Unjudged(row.id, _report(row), *row[_OF_A_REPORT + 1 :]) for row in rows]


def set_effects(connection: Connection, effects: Mapping[int, Effect]) -> None:
    """Note what each report (by id) came to."""
    if effects:
        connection.execute(
            text("UPDATE reports SET effect = :effect WHERE id = :id"),
            [{"id": each, "effect": effect.value} for each, effect in effects.items()],
        )


def bounces_of(connection: Connection, subscriber_id: int, address: str) -> list[Bounced]:
    """Return the bounces of mails to *address*, which is the reader's.

    Whatever was told before the address was corrected was told of another one.
    """
    rows = connection.execute(
        text(
            f"SELECT {_REPORT}, d.edition_id, COALESCE(d.dated_at, d.planned_at) AS dated FROM deliveries d"  # noqa: S608
            " JOIN reports r ON r.delivery_id = d.id WHERE d.subscriber_id = :u AND d.address = :address"
            " AND r.kind = 'bounce'"
            " AND r.at > COALESCE((SELECT MAX(f.at) FROM former_addresses f WHERE f.subscriber_id = :u), 0)"
        ),
        {"u": subscriber_id, "address": address},
    )
    return [Bounced(_report(row), row.edition_id, from_micros(row.dated)) for row in rows]


def succeeded_at(connection: Connection, subscriber_id: int, address: str, settled_by: datetime) -> datetime | None:
    """Return the date of the latest mail to *address* that is known to have arrived.

    It was reported as delivered, or was sent before *settled_by* and nothing but delays came back about it.
    """
    latest = connection.execute(
        text(
            "SELECT MAX(COALESCE(d.dated_at, d.planned_at)) FROM deliveries d"
            " WHERE d.subscriber_id = :u AND d.address = :address AND ("
            "  EXISTS (SELECT 1 FROM reports r WHERE r.delivery_id = d.id AND r.kind = 'delivered')"
            "  OR (d.state = 'sent' AND d.finished_at <= :by AND NOT EXISTS"
            "   (SELECT 1 FROM reports r WHERE r.delivery_id = d.id AND r.kind = 'bounce')))"
        ),
        {"u": subscriber_id, "address": address, "by": to_micros(settled_by)},
    ).scalar_one()
    return from_micros(latest) if latest is not None else None


def reports_of(connection: Connection, subscriber_id: int) -> list[Mapping[str, Any]]:
    """Return what came back about a reader's mails, oldest first."""
    rows = connection.execute(
        text(
            "SELECT r.at, n.slug AS newsletter, e.period AS edition, r.kind, r.class, r.status, r.reply_code, r.cause,"
            " r.feedback_type, r.found_by, r.effect, r.text FROM subscriptions s"
            " JOIN reports r ON r.subscription_id = s.id JOIN newsletters n ON n.id = s.newsletter_id"
            " LEFT JOIN deliveries d ON d.id = r.delivery_id LEFT JOIN editions e ON e.id = d.edition_id"
            " WHERE s.subscriber_id = :u ORDER BY r.id"
        ),
        {"u": subscriber_id},
    )
    return [{**row._mapping, "at": from_micros(row.at)} for row in rows]


def bookmark(connection: Connection, name: str) -> str:
    """Return how far *name* was read, "" when it never was."""
    found = select(bookmarks.c.position).where(bookmarks.c.name == name)
    return connection.execute(found).scalar_one_or_none() or ""


def move_bookmark(connection: Connection, name: str, position: str) -> None:
    """Remember how far *name* was read."""
    connection.execute(
        text(
            "INSERT INTO bookmarks (name, position) VALUES (:name, :position)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
        ),
        {"name": name, "position": position},
    )
