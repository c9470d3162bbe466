"""`digest users`: the accounts of those who work with the pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from digest.cli.options import Json, one_of, the_database, the_installation
from digest.cli.screen import print_json, print_table
from digest.model.staff import Role

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the person signs in with.")]


@app.command()
def put(
    name: Name,
    role: Annotated[
        Role, typer.Option(parser=one_of(Role), metavar="ROLE", help=f"One of: {', '.join(Role)}.")
    ] = Role.VIEWER,
) -> None:
    """Make an account, or give one another role and password.

    The password is asked for, or read from the first line of stdin when that is no terminal. Who had signed in with
    the account is signed out.
    """
    from digest.pipeline.staff.accounts import put_user

    house = the_installation()
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    new = put_user(house, name, role, password)
    typer.echo(f"{name} {'is' if new else 'is now'} {role}. The pages: {house.base_url}/staff")


@app.command()
def grant(
    name: Name,
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help=f"One of: {', '.join(Role)}; or none, which takes it back.")
    ],
) -> None:
    """Give an account a role for one newsletter beside its own."""
    from digest.pipeline.staff.accounts import grant_role

    given = None if role == "none" else one_of(Role)(role)
    grant_role(the_installation(), name, newsletter, given)
    typer.echo(f"{name} is {role} of {newsletter}." if given else f"{name} has no role of its own for {newsletter}.")


@app.command(name="list")
def list_command(as_json: Json = False) -> None:
    """List the accounts."""
    from digest.store.engine import reading
    from digest.store.users import list_users

    with reading(the_database()) as connection:
        found = list_users(connection)
    if as_json:
        print_json([{"name": each.name, "role": each.role.value, "newsletters": dict(each.grants)} for each in found])
        return
    print_table(
        ["name", "role", "for one newsletter"],
        [[each.name, each.role, ", ".join(f"{slug}: {role}" for slug, role in each.grants)] for each in found],
        empty="No accounts yet. Make the first with: digest users put NAME --role admin",
    )


@app.command()
def remove(name: Name) -> None:
    """Take an account out, and end its sessions."""
    from digest.pipeline.staff.accounts import remove_user

    remove_user(the_installation(), name)
    typer.echo(f"{name} is gone.")
