"""What a preview is asked for: a reader, or a profile made up on the spot; as a page says it and an errand keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.model.subscriber import Interests
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview import preview, preview_sample
from digest.pipeline.previewing.previewed import Preview
from digest.store.profiles import interests_as_text, interests_from_text


@dataclass(frozen=True, slots=True)
class Asked:
    """A newsletter, a reader ("" is one with *interests*, in *locale*), when, in which zone that was said."""

    newsletter: str
    reader: str
    at: datetime
    zone: str
    interests: Interests = Interests()  # noqa: RUF009  # frozen
    locale: str = ""

    def as_spec(self) -> dict[str, str]:
        """Return it as plain values."""
        return {
            "newsletter": self.newsletter,
            "reader": self.reader,
            "at": self.at.isoformat(),
            "zone": self.zone,
            "interests": interests_as_text(self.interests),
            "locale": self.locale,
        }

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Asked:
        """Return what `as_spec` said."""
        at, interests = datetime.fromisoformat(spec["at"]), interests_from_text(spec["interests"])
        return cls(spec["newsletter"], spec["reader"], at, spec["zone"], interests, spec["locale"])


def preview_of(house: Installation, asked: Asked) -> Preview:
    """Return the preview; raises NotFound for an unknown newsletter or reader."""
    if asked.reader:
        return preview(house, asked.newsletter, asked.reader, at=asked.at)
    return preview_sample(house, asked.newsletter, at=asked.at, locale=asked.locale, interests=asked.interests)
