"""Read the gettext catalogues of the mails: locales/<language>/LC_MESSAGES/digest.po beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from digest.rendering.languages import clean_tag

CATALOGUES = Path(__file__).resolve().parent / "locales"


@lru_cache(maxsize=128)
def load_translations(locale: str, folder: Path = CATALOGUES) -> NullTranslations:
    """Return the catalogue for *locale*, read once; "zh-Hant-TW" falls back to "zh-Hant", then "zh".

    Without a catalogue the source strings (English) are shown. Raises ValueError for a broken file.
    """
    parts = clean_tag(locale).split("-")
    while parts and parts[0]:
        for name in ("_".join(parts), "-".join(parts)):
            path = folder / name / "LC_MESSAGES" / "digest.po"
            if path.is_file():
                return _compile(path)
        parts.pop()
    return NullTranslations()


def _compile(path: Path) -> GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


@dataclass(frozen=True, slots=True)
class Speaker:
    """`_` and `ngettext` as a template calls them; `%(name)s` in a text is filled from keywords.

    With *escaping* (HTML) the text and the values are escaped and the result is markup. A text without
    keywords is taken as it stands, so a lone "%" is harmless.
    """

    translations: NullTranslations
    escaping: bool

    def gettext(self, text: str, /, **values: object) -> str:
        """Return *text* in the reader's language with *values* put in."""
        return self._fill(self.translations.gettext(text), values)

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        """Return the form for *n*, which the text may show as `%(n)s` or `%(num)s`."""
        return self._fill(self.translations.ngettext(one, many, n), {"n": n, "num": n, **values})

    def _fill(self, text: str, values: Mapping[str, object]) -> str:
        if self.escaping:
            marked = escape(text)
            return Markup(marked % values) if values else marked  # noqa: S704 - Markup % escapes its values
        return text % values if values else text
