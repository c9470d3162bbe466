"""Topics: labels that editors define; the whole set is the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topic:
    """A label with the words and phrases that tell it, and its name in each language.

    `keywords` are matched in every language; a phrase has several words. `names` maps a language tag to the
    name shown there; `name` is shown elsewhere.
    """

    slug: str
    name: str
    keywords: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""

    def name_in(self, locale: str) -> str:
        """Return the name for *locale*, else the plain name."""
        return self.names.get(locale) or self.names.get(locale.split("-", maxsplit=1)[0]) or self.name
