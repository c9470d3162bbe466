"""Versions of mail templates: kept for good, one of each mail published at most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from digest.model.template import TemplateVersion, VersionState
from digest.store.tables import template_versions as versions

_HEAD = (
    versions.c.mail,
    versions.c.number,
    versions.c.state,
    versions.c.based_on,
    versions.c.made_by,
    versions.c.made_at,
    versions.c.published_by,
    versions.c.published_at,
)


def published_mails(connection: Connection, names: Collection[str] = ()) -> dict[str, Mapping[str, str]]:
    """Return the files of what is published, by mail; of *names* alone when there are any."""
    query = select(versions.c.mail, versions.c.files).where(versions.c.state == VersionState.PUBLISHED)
    if names:
        query = query.where(versions.c.mail.in_(names))
    return {row.mail: row.files for row in connection.execute(query)}


def find_version(connection: Connection, mail: str, number: int) -> TemplateVersion | None:
    """Return one version with its files."""
    query = select(*_HEAD, versions.c.files).where(versions.c.mail == mail, versions.c.number == number)
    row = connection.execute(query).first()
    return _version(row, row.files) if row else None


def versions_of(connection: Connection, mail: str, *, before: int = 0, most: int) -> list[TemplateVersion]:
    """Return versions of *mail* without their files, newest first; with *before* those before that number."""
    query = select(*_HEAD).where(versions.c.mail == mail).order_by(versions.c.number.desc()).limit(most)
    if before:
        query = query.where(versions.c.number < before)
    return [_version(row, {}) for row in connection.execute(query)]


def latest_versions(connection: Connection) -> list[TemplateVersion]:
    """Return of each mail its latest version and the one that is published, without their files."""
    latest = select(versions.c.mail, func.max(versions.c.number).label("number")).group_by(versions.c.mail).subquery()
    joined = versions.join(latest, latest.c.mail == versions.c.mail)
    wanted = (versions.c.number == latest.c.number) | (versions.c.state == VersionState.PUBLISHED)
    query = select(*_HEAD).select_from(joined).where(wanted).order_by(versions.c.mail, versions.c.number)
    return [_version(row, {}) for row in connection.execute(query)]


def add_version(
    connection: Connection, mail: str, files: Mapping[str, str], *, based_on: int, by: str, now: datetime
) -> int:
    """Write a draft; return its number. Two at once: the second fails, and writes it again."""
    number = _latest(connection, mail) + 1
    connection.execute(
        insert(versions).values(
            mail=mail,
            number=number,
            state=VersionState.DRAFT,
            files=dict(files),
            based_on=based_on,
            made_by=by,
            made_at=now,
        )
    )
    return number


def publish_version(connection: Connection, mail: str, number: int, *, by: str, now: datetime) -> int:
    """Let *number* be the published version of *mail* (0: none, so the shipped files); return which was, 0 for none."""
    of_mail = versions.c.mail == mail
    connection.execute(select(versions.c.id).where(of_mail).with_for_update()).all()
    was = connection.execute(
        select(versions.c.number).where(of_mail, versions.c.state == VersionState.PUBLISHED)
    ).scalar()
    connection.execute(
        update(versions).where(of_mail, versions.c.state == VersionState.PUBLISHED).values(state=VersionState.RETIRED)
    )
    done = {"state": VersionState.PUBLISHED, "published_by": by, "published_at": now}
    connection.execute(update(versions).where(of_mail, versions.c.number == number).values(done))
    return was or 0


def _latest(connection: Connection, mail: str) -> int:
    return connection.execute(select(func.max(versions.c.number)).where(versions.c.mail == mail)).scalar() or 0


def _version(row: Any, files: Mapping[str, str]) -> TemplateVersion:
    return TemplateVersion(
        mail=row.mail,
        number=row.number,
        state=VersionState(row.state),
        files=files,
        based_on=row.based_on,
        made_by=row.made_by,
        made_at=row.made_at,
        published_by=row.published_by,
        published_at=row.published_at,
    )
