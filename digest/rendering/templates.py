"""Render a mail's templates with Jinja in a sandbox: the door to the files that editors may change.

docs/templates.md says what a template may use; nothing else is in reach. A template that goes beyond it fails
here, with its file and line, and never in a reader's mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import BadTemplate
from digest.rendering.fold import wrap
from digest.rendering.i18n import Speaker, load_translations
from digest.rendering.inline import Inliner, PremailerInliner
from digest.rendering.languages import LocaleView, locale_view
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
_BASE = "digest"
FRAGMENTS = ("why", "related", "more", "follows")
SECTIONS = ("opening", "closing")  #: of another newsletter's part in a mail, in files of their own
_MACROS = {"fragments": FRAGMENTS, "sections": SECTIONS}
_T = TypeVar("_T")
_FILTERS = ("e", "upper", "lower", "trim", "join", "length", "default")


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The folders of one kind of mail, the first that has a file giving it, and the inliner for its HTML."""

    folders: tuple[Path, ...]
    inliner: Inliner = field(default_factory=PremailerInliner)

    @classmethod
    def load(cls, folder: Path, name: str = "digest") -> TemplateSet:
        """Return the mail *name* under *folder* (such as templates/email); what it lacks is taken from `digest`.

        Raises BadTemplate when a file is missing there too.
        """
        mail = folder / name
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or not mail.is_dir():
            raise BadTemplate(f"there is no mail template {name!r} in {folder}; make the folder or correct the name")
        folders = tuple(dict.fromkeys(each for each in (mail, folder / _BASE) if each.is_dir()))
        missing = [file for file in FILES if not any((each / file).is_file() for each in folders)]
        if missing:
            raise BadTemplate(f"the mail template {name!r} lacks {', '.join(missing)}; see docs/templates.md")
        return cls(folders)

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
        self._html = _environment(templates.folders, Speaker(translations, True), autoescape=True)
        self._text = _environment(templates.folders, Speaker(translations, False), autoescape=False)
        for environment in (self._html, self._text):
            environment.globals.update(newsletter=newsletter, locale=locale)
        self._modules: dict[str, Mapping[str, Callable[..., str]]] = {}

    def render(self, file: str, **variables: object) -> str:
        """Return *file* rendered with *variables*."""
        return _normal(_guarded(file, lambda: self._template(file).render(**variables)))

    def fragment(self, kind: str, name: str, *arguments: object) -> str:
        """Return the macro *name* of fragments or sections.*kind* ("html" or "txt") with *arguments*, trimmed."""
        stem = "sections" if name in SECTIONS else "fragments"
        file = f"{stem}.{kind}"
        if file not in self._modules:
            self._modules[file] = _macros(file, self._template(file), _MACROS[stem])
        macro = self._modules[file][name]
        return _normal(_guarded(file, lambda: str(macro(*arguments)))).strip()

    def _template(self, file: str) -> Template:
        environment = self._html if file.endswith(".html") else self._text
        return _guarded(file, lambda: environment.get_template(file))


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a multiplication cannot fill the memory."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:  # noqa: ARG002 - Jinja's signature
        """Multiply small numbers only."""
        if operator == "*" and isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) < 2**31:
            return left * right
        raise SecurityError(f"{operator!r} is only for numbers of moderate size")


def _environment(folders: Sequence[Path], speaker: Speaker, *, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = _Sandbox(
        loader=FileSystemLoader(folders), undefined=StrictUndefined, autoescape=autoescape, auto_reload=False
    )
    environment.filters = {name: environment.filters[name] for name in _FILTERS} | {"wrap": wrap}
    environment.globals.clear()
    environment.globals.update({"_": speaker.gettext, "ngettext": speaker.ngettext})
    return environment


def _normal(text: str) -> str:
    # str() leaves Markup behind: what is rendered is joined as bytes, not escaped again.
    return unicodedata.normalize("NFC", str.__str__(text)).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _macros(file: str, template: Template, names: Sequence[str]) -> Mapping[str, Callable[..., str]]:
    module = _guarded(file, template.make_module)
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
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as wrong:
        raise BadTemplate(f"{file}{_line_of(wrong, file)}: {wrong}") from wrong


def _line_of(wrong: Exception, file: str) -> str:
    """Return ", line n" where in *file* the error arose; Jinja puts template lines into the traceback."""
    trace, line = wrong.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
