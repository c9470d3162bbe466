"""`digest tokens`: keys of programs that use the API."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.options import Json, moment, one_of, the_database, the_installation, whole_number
from digest.cli.screen import print_json, print_table
from digest.model.api_token import Scope

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which program it is for.")],
    scope: Annotated[
        list[Scope],
        typer.Option(parser=one_of(Scope), metavar="SCOPE", help=f"What it may do; several times. {', '.join(Scope)}."),
    ],
    until: Annotated[str | None, typer.Option(metavar="TIME", help="When it ends (default: never).")] = None,
    newsletter: Annotated[
        list[str] | None,
        typer.Option(metavar="SLUG", help="Only for what belongs to this newsletter; several times (default: all)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token and print its key.

    The key is not stored and cannot be shown again.
    """
    from digest.cli.options import the_user
    from digest.pipeline.staff.api_tokens import make_token

    ends_at = moment(until) if until is not None else None
    token_id, key = make_token(
        the_installation(), name, scope, by=the_user(), ends_at=ends_at, newsletters=newsletter or ()
    )
    if as_json:
        print_json({"id": token_id, "key": key})
        return
    typer.echo(key)
    typer.echo(f"This is token {token_id}. Keep its key now; it is not shown again.", err=True)


@app.command(name="list")
def list_command(as_json: Json = False) -> None:
    """List the tokens, without their keys."""
    from digest.store.api_tokens import list_tokens
    from digest.store.engine import reading

    with reading(the_database()) as connection:
        found = list_tokens(connection)
    if as_json:
        print_json(
            [
                {
                    "id": each.token_id,
                    "name": each.name,
                    "scopes": sorted(each.scopes),
                    "newsletters": sorted(each.newsletters),
                    "made_by": each.made_by,
                    "made_at": each.made_at.isoformat(),
                    "ends_at": each.ends_at.isoformat() if each.ends_at else None,
                    "last_used_at": each.last_used_at.isoformat() if each.last_used_at else None,
                }
                for each in found
            ]
        )
        return
    print_table(
        ["id", "name", "may", "by", "ends", "last used"],
        [
            [
                str(each.token_id),
                each.name,
                " ".join([*sorted(each.scopes), *(f"of:{slug}" for slug in sorted(each.newsletters))]),
                each.made_by,
                f"{each.ends_at:%Y-%m-%d %H:%M} UTC" if each.ends_at else "never",
                f"{each.last_used_at:%Y-%m-%d %H:%M} UTC" if each.last_used_at else "never",
            ]
            for each in found
        ],
        empty="No tokens yet. Make one with: digest tokens create NAME --scope articles:write",
    )


@app.command()
def revoke(
    token_id: Annotated[
        int, typer.Argument(parser=whole_number(1), metavar="ID", help="As `digest tokens list` prints it.")
    ],
) -> None:
    """Take a token back; whoever has its key is out at once."""
    from digest.cli.options import the_user
    from digest.pipeline.staff.api_tokens import revoke_token

    revoke_token(the_installation(), token_id, by=the_user())
    typer.echo(f"Token {token_id} is revoked.")
