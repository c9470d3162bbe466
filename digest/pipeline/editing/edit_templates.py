"""Edit templates: drafts that go nowhere, a check that nothing passes which would break a mail, and publishing.

What is published is what mails are planned with from then on; mails that were planned before stay as they are, but
for editions that were approved: their approval is taken back, for another template was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from digest.errors import BadInput, BadTemplate, NotFound
from digest.log import get_logger
from digest.model.newsletter import Newsletter
from digest.model.template import TemplateVersion, VersionState
from digest.pipeline.composing.links import LETTER
from digest.pipeline.editing.template_archive import checked_files
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.draft_mail import draft_mail
from digest.pipeline.previewing.previewed import Preview
from digest.rendering.check import check_templates
from digest.rendering.lint.finding import Finding, Level
from digest.rendering.lint.rules import lint
from digest.rendering.templates import BASE, NAME, TemplateSet, mail_files
from digest.store import template_versions as versions
from digest.store.approvals import newsletter_changed
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters

_LONGEST_NAME = 40
_TRIED = 3  # newsletters whose mails are held against lint
_TRIES = 3
_IN_OTHERS = ("ar",)  # in which the mails are tried that take files from this one: a second for each


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """One kind of mail: is it shipped, what is published (0: the shipped files), what was written last, who uses it."""

    name: str
    is_shipped: bool
    published: TemplateVersion | None
    latest: TemplateVersion | None
    used_by: tuple[str, ...]


def list_mails(house: Installation) -> list[MailTemplate]:
    """Return every kind of mail, by name."""
    with reading(house.engine) as connection:
        written = versions.latest_versions(connection)
        newsletters = load_newsletters(connection)
    shipped = _shipped(house)
    return [
        MailTemplate(
            name,
            name in shipped,
            next((each for each in written if each.mail == name and each.state is VersionState.PUBLISHED), None),
            max((each for each in written if each.mail == name), key=lambda each: each.number, default=None),
            tuple(slug for slug, each in newsletters.items() if each.template == name),
        )
        for name in sorted({*shipped, *(each.mail for each in written)})
    ]


def version_of(house: Installation, connection: Connection, mail: str, number: int | None = None) -> TemplateVersion:
    """Return a version with its files; without *number* the latest. Raises NotFound."""
    latest = next((each.number for each in versions.versions_of(connection, mail, most=1)), 0)
    number = latest if number is None else number
    shipped = mail_files(house.templates / "email", mail)
    if number == 0 and (shipped or latest):
        written = not shipped or mail in versions.published_mails(connection, (mail,))
        return TemplateVersion(mail, 0, VersionState.RETIRED if written else VersionState.PUBLISHED, shipped)
    found = versions.find_version(connection, mail, number)
    if found is None:
        raise NotFound(f"there is no version {number} of a mail template {mail[:40]!r}; see: digest templates list")
    return found


def inherited(house: Installation, connection: Connection, mail: str) -> Mapping[str, str]:
    """Return the files that *mail* takes from the mail that all others are based on, where it has none of its own."""
    published = versions.published_mails(connection, (BASE,))
    return mail_files(house.templates / "email", BASE, published) if mail != BASE else {}


def save_draft(house: Installation, mail: str, files: Mapping[str, str], *, based_on: int, by: str) -> int:
    """Keep *files* as a draft and return its number; it may be broken. Raises BadInput for what cannot be kept."""
    if not re.fullmatch(NAME, mail) or len(mail) > _LONGEST_NAME:
        raise BadInput(f"{mail[:40]!r} is no name of a mail; use a-z, 0-9, - and _, at most {_LONGEST_NAME}")
    kept, now = checked_files(files), house.clock.now()
    for left in reversed(range(_TRIES)):
        try:
            with house.engine.begin() as connection:
                number = versions.add_version(connection, mail, kept, based_on=based_on, by=by, now=now)
                record(connection, by, "template.save", f"template {mail} {number}", now=now)
                return number
        except IntegrityError:  # somebody wrote that number just now
            if not left:
                raise
    raise AssertionError


def publish(house: Installation, mail: str, number: int, *, by: str) -> None:
    """Plan mails with version *number* from now on (0: with the shipped files).

    Raises NotFound; BadTemplate, with what is wrong, for a version that would break a mail.
    """
    with reading(house.engine) as connection:
        version = version_of(house, connection, mail, number)
    problems = problems_of(house, mail, version.files)
    if problems:
        raise BadTemplate(f"version {number} of {mail} cannot be published: {'; '.join(problems)}")
    now = house.clock.now()
    with house.engine.begin() as connection:
        was = versions.publish_version(connection, mail, number, by=by, now=now)
        for slug, each in load_newsletters(connection).items():
            if mail in (BASE, each.template):
                newsletter_changed(connection, slug, f"the template {mail} was published anew", now=now)
        told = {"before": {"version": was}, "after": {"version": number}}
        record(connection, by, "template.publish", f"template {mail}", now=now, **told)
    get_logger().info("template_published", mail=mail, version=number, was=was, by=by)


def problems_of(house: Installation, mail: str, files: Mapping[str, str]) -> list[str]:
    """Return why *files* must not be what mails of the kind *mail* are made with, a line each; none when they may.

    They are held to the law that spliced mail is whole mail, in several languages; so are the mails that take files
    from them; and lint must find no error in mails of newsletters that it does not find in today's.
    """
    try:
        files = checked_files(files)
        templates = _loaded(house, mail, mail, files)
    except BadTemplate as wrong:
        return [str(wrong)]
    problems = check_templates(templates, notes=not mail.startswith(LETTER))
    if not problems and mail == BASE:
        problems = list(_in_others(house, files))
    if not problems:
        problems = list(dict.fromkeys(_lint_errors(house, mail, files)))
    return problems


def newsletters_for(connection: Connection, mail: str) -> dict[str, Newsletter]:
    """Return the newsletters whose mails can show what *mail* makes: those that use it first."""
    all_of_them = load_newsletters(connection)
    streams = any(each.template == mail and each.stream for each in all_of_them.values())
    fitting = {slug: each for slug, each in all_of_them.items() if bool(each.stream) == streams}
    return dict(sorted(fitting.items(), key=lambda one: one[1].template != mail))


def _shipped(house: Installation) -> set[str]:
    folder = house.templates / "email"
    return {each.name for each in folder.iterdir() if each.is_dir() and re.fullmatch(NAME, each.name)}


def _loaded(house: Installation, name: str, mail: str, files: Mapping[str, str]) -> TemplateSet:
    with reading(house.engine) as connection:
        published = versions.published_mails(connection)
    return TemplateSet.load(house.templates / "email", name, {**published, mail: files})


def _in_others(house: Installation, files: Mapping[str, str]) -> Iterator[str]:
    for other in list_mails(house):
        if other.name == BASE or not (other.is_shipped or other.published):
            continue
        notes = not other.name.startswith(LETTER)
        for problem in check_templates(_loaded(house, other.name, BASE, files), notes=notes, locales=_IN_OTHERS):
            yield f"the mail {other.name}, which takes files from this one: {problem}"


def _lint_errors(house: Installation, mail: str, files: Mapping[str, str]) -> Iterator[str]:
    with reading(house.engine) as connection:
        newsletters = list(newsletters_for(connection, mail).values())[:_TRIED]
        published = versions.published_mails(connection, (mail,))
    today = mail_files(house.templates / "email", mail, published)
    for newsletter in newsletters:
        for made_up in (False, True):
            show = partial(draft_mail, house, newsletter, mail, made_up=made_up)
            try:
                found = _errors(show(files))
            except BadInput as wrong:
                yield f"{newsletter.slug}: {wrong}"
                continue
            known = {(each.rule, each.remark.what) for each in _errors(show(today))} if found and today else set()
            yield from (
                f"{newsletter.slug}: {each.rule}: {each.remark.what}; {each.remark.remedy}"
                for each in found
                if (each.rule, each.remark.what) not in known
            )


def _errors(mail: Preview) -> list[Finding]:
    if not mail.raw or mail.drawn is None:
        return []
    return [each for each in lint(mail.raw, now=mail.drawn[0].dated_at) if each.remark.level is Level.ERROR]


def with_file(version: TemplateVersion, name: str, text: str | None) -> Mapping[str, str]:
    """Return the files of *version* with *text* in the file *name*; None takes it away."""
    if text is None:
        return {file: one for file, one in version.files.items() if file != name}
    return {**version.files, name: text}


def restore(house: Installation, mail: str, number: int, *, by: str) -> int:
    """Write a new draft that is like version *number*; return its number."""
    with reading(house.engine) as connection:
        version = version_of(house, connection, mail, number)
    return save_draft(house, mail, version.files, based_on=number, by=by)
