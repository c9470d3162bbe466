"""Render a mail's templates with Jinja in a sandbox: the door to the files that editors may change.

docs/templates.md says what a template may use; nothing else is in reach. A template that goes beyond it fails
here, with its file and line, and never in a reader's mail.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.filters import FILTERS

from digest.errors import BadTemplate
from digest.rendering.alike import wrap_or_mark
from digest.rendering.i18n import Speaker, load_translations
from digest.rendering.inline import Inliner, PremailerInliner
from digest.rendering.languages import LocaleView, locale_view
from digest.rendering.sandbox import Sandbox
from digest.rendering.views import Frame, newsletter_view

FILES = (
    "subject.txt",
    "shell.html",
    "shell.txt",
    "card.html",
    "card.txt",
    "fragments.html",
    "fragments.txt",
    "sections.html",
    "sections.txt",
)
BASE = "digest"
FRAGMENTS = ("why", "related", "more", "follows")
SECTIONS = ("opening", "closing")  #: of another newsletter's part in a mail, in files of their own
_MACROS = {"fragments": FRAGMENTS, "sections": SECTIONS}
_T = TypeVar("_T")
NAME = r"[a-z0-9][a-z0-9_-]*"  #: of a mail
# What a template can do wrong: Jinja's own errors, and Python's for what they let through.
_WRONG = (
    *(TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError),
    *(SyntaxError, MemoryError, RuntimeError),
)
_FILTERS = ("e", "upper", "lower", "trim", "length", "default")


Edited = Mapping[str, Mapping[str, str]]  #: mails that editors wrote: name -> file -> text


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The files of one kind of mail, by name, and the inliner for its HTML."""

    files: Mapping[str, str]
    inliner: Inliner = field(default_factory=PremailerInliner)

    @classmethod
    def load(cls, folder: Path, name: str = "digest", edited: Edited = MappingProxyType({})) -> TemplateSet:
        """Return the mail *name* under *folder* (such as templates/email); what it lacks is taken from `digest`.

        Mails of *edited* stand in place of the folder of that name. Raises BadTemplate when a file is missing.
        """
        own = mail_files(folder, name, edited)
        if not own:
            raise BadTemplate(f"there is no mail template {name!r} in {folder}; make the folder or correct the name")
        # A version published before an upgrade lacks what came with it.
        shipped = {file: text for file, text in mail_files(folder, BASE).items() if file in FILES}
        files = {**shipped, **mail_files(folder, BASE, edited), **own}
        missing = [file for file in FILES if file not in files]
        if missing:
            raise BadTemplate(f"the mail template {name!r} lacks {', '.join(missing)}; see docs/templates.md")
        return cls(files)

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal characters: equal files have equal ones."""
        told = json.dumps(sorted(self.files.items()))
        return hashlib.sha256(told.encode()).hexdigest()

    def sheets(self, frame: Frame, locale: str) -> Sheets:
        """Return the templates, opened for one newsletter and one locale; raises BadTemplate with file and line."""
        return Sheets(self, frame, locale_view(locale))


class Sheets:
    """The templates of one mail for one newsletter and locale; each method renders one file.

    What is rendered has line feeds only and is NFC; every method raises BadTemplate with file and line.
    """

    def __init__(self, templates: TemplateSet, frame: Frame, locale: LocaleView) -> None:
        self.locale = locale
        self.inliner = templates.inliner
        translations = load_translations(locale.tag)
        newsletter = newsletter_view(frame)
        self._html = _environment(templates.files, Speaker(translations, True), autoescape=True)
        self._text = _environment(templates.files, Speaker(translations, False), autoescape=False)
        for environment in (self._html, self._text):
            environment.globals.update(newsletter=newsletter, locale=locale)
        self._templates: dict[str, Template] = {}
        self._modules: dict[str, Mapping[str, Callable[..., str]]] = {}

    def render(self, file: str, **variables: object) -> str:
        """Return *file* rendered with *variables*."""
        return _normal(self._work(file, lambda: self._template(file).render(**variables)))

    def fragment(self, kind: str, name: str, *arguments: object) -> str:
        """Return the macro *name* of fragments or sections.*kind* ("html" or "txt") with *arguments*, trimmed."""
        stem = "sections" if name in SECTIONS else "fragments"
        file = f"{stem}.{kind}"
        if file not in self._modules:
            self._modules[file] = self._work(file, lambda: _macros(file, self._template(file), _MACROS[stem]))
        macro = self._modules[file][name]
        return _normal(self._work(file, lambda: str(macro(*arguments)))).strip()

    def _environment_of(self, file: str) -> Sandbox:
        return self._html if file.endswith(".html") else self._text

    def _template(self, file: str) -> Template:
        if file not in self._templates:
            self._templates[file] = self._environment_of(file).get_template(file)
        return self._templates[file]

    def _work(self, file: str, work: Callable[[], _T]) -> _T:
        """Do one rendering of *file*, which may take so many steps; raises BadTemplate for whatever goes wrong."""
        self._environment_of(file).begin()
        return _guarded(file, work)


def mail_files(folder: Path, name: str, edited: Edited = MappingProxyType({})) -> Mapping[str, str]:
    """Return the own files of the mail *name*, none when there is no such mail; raises BadTemplate for no text."""
    if name in edited:
        return edited[name]
    mail = folder / name
    return read_folder(mail) if re.fullmatch(NAME, name) and mail.is_dir() else {}


def read_folder(folder: Path) -> Mapping[str, str]:
    """Return the files in *folder*; raises BadTemplate for what is no text in UTF-8, OSError for no folder."""
    try:
        return {each.name: each.read_text(encoding="utf-8") for each in sorted(folder.iterdir()) if each.is_file()}
    except UnicodeDecodeError as wrong:
        raise BadTemplate(f"a file in {folder} is not UTF-8 ({wrong.reason}); save it as UTF-8") from None


def _environment(files: Mapping[str, str], speaker: Speaker, *, autoescape: bool) -> Sandbox:
    def source_of(name: str) -> tuple[str, str, None] | None:
        # Jinja writes the second into tracebacks, where _line_of looks for it.
        return (files[name], name, None) if name in files else None

    environment = Sandbox(
        loader=FunctionLoader(source_of), undefined=StrictUndefined, autoescape=autoescape, auto_reload=False
    )
    environment.filters |= {name: FILTERS[name] for name in _FILTERS} | {"wrap": wrap_or_mark}
    environment.globals.clear()
    environment.globals.update({"_": speaker.gettext, "ngettext": speaker.ngettext})
    return environment


def _normal(text: str) -> str:
    # str() leaves Markup behind: what is rendered is joined as bytes, not escaped again.
    return unicodedata.normalize("NFC", str.__str__(text)).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _macros(file: str, template: Template, names: Sequence[str]) -> Mapping[str, Callable[..., str]]:
    module = template.make_module()
    found = {name: getattr(module, name, None) for name in names}
    missing = [name for name, macro in found.items() if not callable(macro)]
    if missing:
        raise BadTemplate(f"{file}: the macro {missing[0]!r} is missing; see docs/templates.md")
    return {name: macro for name, macro in found.items() if macro is not None}


def _guarded(file: str, work: Callable[[], _T]) -> _T:
    try:
        return work()
    except TemplateSyntaxError as wrong:
        raise BadTemplate(f"{wrong.name or file}, line {wrong.lineno}: {wrong.message}") from None
    except _WRONG as wrong:
        raise BadTemplate(f"{file}{_line_of(wrong, file)}: {wrong or type(wrong).__name__}") from wrong


def _line_of(wrong: Exception, file: str) -> str:
    """Return ", line n" where in *file* the error arose; Jinja puts template lines into the traceback."""
    trace, line = wrong.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
