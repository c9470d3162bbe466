"""`digest templates`: versions of mail templates, from and to files; publishing one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.options import Json, the_installation, the_user
from digest.cli.screen import print_json, print_table, say

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Mail = Annotated[str, typer.Argument(metavar="MAIL", help="The mail's name, like digest; see: digest templates list")]
Number = Annotated[int | None, typer.Option("--version", metavar="N", help="Which (0: as shipped; default latest).")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with the mail's own files.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does it (default: you, as the system knows you).")]


@app.command(name="list")
def list_templates(as_json: Json = False) -> None:
    """List the kinds of mail, their versions, and who uses them."""
    from digest.pipeline.editing.edit_templates import list_mails

    rows = [
        (
            each.name,
            each.published.number if each.published else 0 if each.is_shipped else None,
            each.latest.number if each.latest else 0,
            each.used_by,
        )
        for each in list_mails(the_installation())
    ]
    columns = ["mail", "published", "latest", "newsletters"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table(
        columns,
        (
            [mail, "as shipped" if published == 0 else str(published or "nothing"), str(latest), ", ".join(used_by)]
            for mail, published, latest, used_by in rows
        ),
        empty="There is no mail template; see DIGEST_TEMPLATES_DIR.",
    )


@app.command()
def show(mail: Mail, number: Number = None, as_json: Json = False) -> None:
    """Show a version: its files, one after the other."""
    from digest.pipeline.editing.edit_templates import version_of
    from digest.store.engine import reading

    house = the_installation()
    with reading(house.engine) as connection:
        version = version_of(house, connection, mail, number)
    if as_json:
        print_json({"mail": mail, "version": version.number, "state": version.state, "files": dict(version.files)})
        return
    say(f"{mail}, version {version.number} ({version.state})")
    for name, text in version.files.items():
        say(f"--- {name}\n{text}")


@app.command(name="export")
def export(mail: Mail, folder: Folder, number: Number = None) -> None:
    """Write a version's files into a folder."""
    from digest.pipeline.editing.edit_templates import version_of
    from digest.store.engine import reading

    house = the_installation()
    with reading(house.engine) as connection:
        version = version_of(house, connection, mail, number)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in version.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    say(f"Version {version.number} of {mail}: {len(version.files)} files are in {folder}")


@app.command(name="import")
def import_(mail: Mail, folder: Folder, by: As = "") -> None:
    """Make a draft of the files in a folder; it is in no mail yet."""
    from digest.pipeline.editing.edit_templates import save_draft
    from digest.rendering.templates import read_folder

    files = read_folder(folder)
    number = save_draft(the_installation(), mail, files, based_on=0, by=by or the_user())
    say(f"Version {number} of {mail} is a draft; look at it, then: digest templates publish {mail} {number}")


@app.command(name="publish")
def publish_(
    mail: Mail,
    number: Annotated[int, typer.Argument(metavar="N", help="The version (0: the shipped files again).")],
    by: As = "",
) -> None:
    """Plan mails with a version from now on, if it breaks none."""
    from digest.pipeline.editing.edit_templates import publish

    publish(the_installation(), mail, number, by=by or the_user())
    say(f"Mails of the kind {mail} are planned with version {number} from now on.")
