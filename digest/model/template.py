"""Versions of mail templates: what editors wrote, and which of them mails are made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VersionState(StrEnum):
    """What a version is for."""

    DRAFT = "draft"  #: written, and in no mail
    PUBLISHED = "published"  #: mails are planned with it; one of each mail at most
    RETIRED = "retired"  #: was published once


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One version of a mail's own files; `number` 0 is as shipped, and `based_on` what it was written over."""

    mail: str
    number: int
    state: VersionState
    files: Mapping[str, str]
    based_on: int = 0
    made_by: str = ""
    made_at: datetime | None = None
    published_by: str = ""
    published_at: datetime | None = None
