"""Tokens of the API: what each may do, whose it is, how long it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a token may do; none includes another."""

    NEWSLETTERS_READ = "newsletters:read"  #: newsletters and topics
    ARTICLES_READ = "articles:read"
    ARTICLES_WRITE = "articles:write"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    EDITIONS_READ = "editions:read"
    EDITIONS_WRITE = "editions:write"
    EDITIONS_APPROVE = "editions:approve"
    DELIVERIES_READ = "deliveries:read"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    PREVIEWS_READ = "previews:read"
    IMPORTS_WRITE = "imports:write"
    EVENTS_WRITE = "events:write"
    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as people see it; its key was shown once and is kept as a hash."""

    token_id: int
    name: str
    scopes: frozenset[Scope]
    made_by: str
    made_at: datetime
    ends_at: datetime | None = None
    last_used_at: datetime | None = None
    newsletters: frozenset[str] = frozenset()  #: it is for these alone; none: for all, and for what belongs to none
