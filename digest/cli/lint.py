"""`digest lint`: hold a mail against what mailbox providers and mail programs ask."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.options import ExitError, Json, the_installation
from digest.cli.screen import counted, on_one_line, print_json, say

if TYPE_CHECKING:
    from digest.rendering.lint.finding import Finding


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(lint)


def lint(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE.eml|NEWSLETTER", help="A mail in a file (- is stdin), or a newsletter's slug."),
    ],
    locale: Annotated[
        str, typer.Option(metavar="TAG", help="The sample reader's language (default: the newsletter's).")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check a mail against the rules of mailbox providers.

    A newsletter's mail is made as for a reader of everything who has seen nothing yet; nothing is written. Each
    finding has its rule, what is wrong and what to do. Exit status 1 when there is an error; warnings do not count.
    """
    from digest.rendering.lint.rules import has_errors
    from digest.rendering.lint.rules import lint as look_at

    findings = look_at(_mail(what, locale), now=datetime.now(UTC))
    if as_json:
        print_json(_as_json(what, findings))
    else:
        _tell(findings)
    if has_errors(findings):
        raise ExitError(1)


def _mail(what: str, locale: str) -> bytes:
    """Return the mail that *what* names; raises BadInput, NotFound or BadParameter."""
    path = Path(what)
    if what != "-" and not (path.suffix.lower() in (".eml", ".msg", ".txt") or len(path.parts) > 1 or path.is_file()):
        return _sample(what, locale)
    if locale:
        raise typer.BadParameter("--locale goes with a newsletter; a file is what it is")
    from digest.errors import BadInput
    from digest.rendering.lint.letter import LARGEST

    if what == "-":
        raw = sys.stdin.buffer.read(LARGEST + 1)
    elif path.is_file():
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    else:
        raise typer.BadParameter(f"there is no file {what}")
    if len(raw) > LARGEST:
        raise BadInput(f"{what} is larger than {LARGEST >> 20} MB; no newsletter is")
    return raw


def _sample(slug: str, locale: str) -> bytes:
    from digest.errors import NotFound
    from digest.pipeline.previewing.preview import preview_sample

    found = preview_sample(the_installation(), slug, at=datetime.now(UTC), locale=locale)
    if not found.raw:
        raise NotFound(f"there is no article to make a mail of {slug} with; add some: digest articles add PATH")
    return found.raw


def _as_json(what: str, findings: list[Finding]) -> dict[str, Any]:
    from digest.rendering.lint.rules import RULES

    levels = [each.remark.level.value for each in findings]
    return {
        "mail": what,
        "errors": levels.count("error"),
        "warnings": levels.count("warn"),
        "findings": [each.as_json() for each in findings],
        "checked": [rule.id for rule in RULES if rule.check],
        "elsewhere": {rule.id: rule.elsewhere for rule in RULES if not rule.check},
    }


def _tell(findings: list[Finding]) -> None:
    for each in findings:
        remark = each.remark
        where = f" ({remark.place})" if str(remark.place) else ""
        say(on_one_line(f"{each.rule:<4} {remark.level.value:<6} {remark.what}{where}"))
        say(on_one_line(f"            {remark.remedy}"))
    levels = [each.remark.level.value for each in findings]
    found = [counted(levels.count("error"), "error"), counted(levels.count("warn"), "warning")]
    say(f"{' and '.join(found)}." if findings else "Nothing is wrong with it.")
