"""Read the gettext catalogues of the mails: locales/<language>/LC_MESSAGES/digest.po beside this file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from digest.rendering.languages import clean_tag, is_known

CATALOGUES = Path(__file__).resolve().parent / "locales"


@lru_cache(maxsize=128)
def load_translations(locale: str, folder: Path = CATALOGUES) -> NullTranslations:
    """Return the catalogue for *locale*, read once; "zh-Hant-TW" falls back to "zh-Hant", then "zh".

    Without a catalogue the source strings (English) are shown. Raises ValueError for a broken file.
    """
    found = _nearest(locale, folder)
    return _compile(_catalogues(folder)[found]) if found else NullTranslations()


def resolve_locale(*tags: str, folder: Path = CATALOGUES) -> str:
    """Return the tag of the first catalogue that speaks one of *tags*, the best liked first; "en" when none does.

    Whatever is said in that one tag (words, dates, direction) is in one language: a tag without a catalogue is not
    kept. Of what a tag says beyond its catalogue only the region is, for the order of a date ("en-GB").
    """
    for tag in tags:
        found = _nearest(tag, folder)
        if found:
            return next((regional for regional in _regional(found, tag) if is_known(regional)), found)
    return "en"


def _regional(found: str, tag: str) -> Iterator[str]:
    for part in clean_tag(tag).split("-")[1:]:
        if len(part) == 2 and part.isalpha():
            yield f"{found}-{part.upper()}"


@lru_cache(maxsize=256)
def _nearest(tag: str, folder: Path) -> str:
    """Return the tag of the catalogue nearest to *tag*, which may say more ("de" for "de-AT"); "" for none."""
    known = {name.casefold(): name for name in _catalogues(folder)}
    parts = clean_tag(tag).casefold().split("-")
    tries = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((known[each] for each in tries if each in known), "")


@lru_cache(maxsize=8)
def _catalogues(folder: Path) -> Mapping[str, Path]:
    """Return the catalogues in *folder* by their tag in BCP 47 form."""
    files = folder.glob("*/LC_MESSAGES/digest.po")
    return {path.parents[1].name.replace("_", "-"): path for path in files}


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
