"""`digest note` and `digest announce`: what editors say in an edition beside its articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import Json, the_installation
from digest.cli.screen import counted, print_json, say

if TYPE_CHECKING:
    from digest.pipeline.editing.write_note import Noted

Name = Annotated[
    str,
    typer.Argument(metavar="EDITION|NEWSLETTER", help="Like daily/2026-11-24; a newsletter means its next edition."),
]
File = Annotated[str, typer.Option("--file", metavar="FILE", help="The text, Markdown in UTF-8; - reads stdin.")]
Language = Annotated[str, typer.Option("--language", metavar="TAG", help="Its language (default: the newsletter's).")]
Clear = Annotated[bool, typer.Option("--clear", help="Take it back.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says it (default: you, as the system knows you).")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(note)
    app.command()(announce)


def note(
    name: Name, file: File = "", language: Language = "", clear: Clear = False, by: By = "", as_json: Json = False
) -> None:
    """Say a word before the articles of one edition.

    It stands in every mail of the edition and makes none. Mails that wait are planned anew. Without --file it is
    shown.
    """
    _say("note", name, file, language, clear=clear, by=by, as_json=as_json)


def announce(
    name: Name, file: File = "", language: Language = "", clear: Clear = False, by: By = "", as_json: Json = False
) -> None:
    """Tell every reader of one edition something, articles or not.

    It stands above everything and goes to all active readers who are due, once, also to those for whom there is no
    article. Mails that wait are planned anew. Without --file it is shown.
    """
    _say("announcement", name, file, language, clear=clear, by=by, as_json=as_json)


def _say(kind: str, name: str, file: str, language: str, *, clear: bool, by: str, as_json: bool) -> None:
    from digest.cli.options import the_user
    from digest.model.note import NoteKind
    from digest.pipeline.editing.write_note import clear_note, read_notes, write_note
    from digest.pipeline.newsletters.places import read_locale

    if clear and file:
        raise typer.BadParameter("--clear takes back what is there; leave out --file")
    house, word = the_installation(), NoteKind(kind)
    if clear:
        _tell(clear_note(house, name, word, by=by or the_user()), word, as_json)
    elif file:
        tag = read_locale(language) if language else ""
        done = write_note(house, name, word, _read(file), by=by or the_user(), language=tag)
        _tell(done, word, as_json)
    else:
        _tell(read_notes(house, name), word, as_json, whole=True)


def _read(file: str) -> str:
    from pathlib import Path

    from digest.errors import BadInput

    try:
        content = typer.get_binary_stream("stdin").read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8; save it in that encoding") from None


def _tell(found: Noted, kind: str, as_json: bool, *, whole: bool = False) -> None:
    if as_json:
        notes = {
            each.kind: {"markdown": each.markdown, "language": each.language, "by": each.by, "at": each.at.isoformat()}
            for each in found.notes.values()
        }
        print_json({"edition": found.edition, **notes, "replanned": found.replanned})
        return
    here = next((each for each in found.notes.values() if each.kind == kind), None)
    if here is None:
        say(f"{found.edition} has no {kind}.")
    else:
        say(f"{found.edition} has this {kind} (by {here.by}, {here.at:%Y-%m-%d %H:%M} UTC)" + (":" if whole else "."))
    if here is not None and whole:
        say(here.markdown)
    if found.replanned:
        say(f"{counted(found.replanned, 'waiting mail')} will be planned anew.")
