"""`digest doctor`: look at the installation and say what is right, what is not, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.options import ExitError, Json
from digest.cli.screen import counted, on_one_line, print_json, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from digest.pipeline.doctor.examine import Instruments, Patient
    from digest.pipeline.doctor.verdict import Line
    from digest.settings import Settings

_ENV_FILE = Path(".env")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.eml]",
            help="A mail as it was received: what a provider makes of it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    dns: Annotated[bool, typer.Option("--dns", help="Print the DNS records to publish, and look at nothing.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Look at nothing beyond this machine.")] = False,
    as_json: Json = False,
) -> None:
    """Look at the installation, and say what to mend.

    Settings, secret key, permissions, database, templates; the mail server (nothing is sent), the address to
    unsubscribe by, and DNS of the sender. Nothing is changed. Exit status 1 when something fails; warnings, such as
    for what cannot be reached from here, do not count.

    With FILE.eml: its signatures, SPF, DMARC, one click, size and the rules of `digest lint`, as whoever received it
    would see them.
    """
    if dns and file:
        raise typer.BadParameter("--dns is about this installation; leave the file out")
    if dns:
        _print_records(as_json=as_json)
    elif file:
        _tell(_received(file, offline=offline), as_json=as_json)
    else:
        from digest.pipeline.doctor.examine import examine

        _tell(examine(_patient(), _instruments(offline=offline)), as_json=as_json)


def _received(file: Path, *, offline: bool) -> Iterator[Line]:
    from datetime import UTC, datetime

    from digest.errors import BadInput
    from digest.rendering.lint.letter import LARGEST

    try:
        from digest.pipeline.doctor.received import received
    except ModuleNotFoundError:
        raise BadInput("looking at signatures needs the extra: pip install 'digest-sender[dkim]'") from None

    with file.open("rb") as opened:
        raw = opened.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise BadInput(f"{file} is larger than {LARGEST >> 20} MB; no newsletter is")
    return received(raw, _instruments(offline=offline).resolver, datetime.now(UTC))


def _print_records(*, as_json: bool) -> None:
    from digest.pipeline.doctor.to_publish import records_to_publish

    records = records_to_publish(_patient())
    if as_json:
        print_json([each.as_json() for each in records])
        return
    for each in records:
        say(on_one_line(f"; {each.why}{' (fill in what is yours)' if each.is_yours else ''}"))
        say(on_one_line(str(each)))


def _tell(found: Iterable[Line], *, as_json: bool) -> None:
    """Print each line as it comes, and the count; ExitError(1) when something fails."""
    from digest.pipeline.doctor.verdict import Verdict

    lines: list[Line] = []
    for line in found:
        lines.append(line)
        if not as_json:
            say(on_one_line(f"{line.verdict.value:<5}{line.check}: {line.says}"))
            if line.remedy:
                say(on_one_line(f"     {line.remedy}"))
    count = {each: sum(line.verdict is each for line in lines) for each in Verdict}
    if as_json:
        print_json({**{each.value: many for each, many in count.items()}, "lines": [each.as_json() for each in lines]})
    else:
        failed, warned = counted(count[Verdict.FAIL], "failure"), counted(count[Verdict.WARN], "warning")
        say(f"{count[Verdict.OK]} right, {warned}, {failed}.")
    if count[Verdict.FAIL]:
        raise ExitError(1)


def _patient() -> Patient:
    """Put together what the settings give, and note what they do not."""
    from digest.clock import SystemClock
    from digest.errors import SettingsError
    from digest.pipeline.doctor.examine import Patient
    from digest.settings import SENDING, read_settings, unknown_settings

    problems, unknown = list[str](), list[str]()
    settings: Settings | None = None
    try:
        settings = read_settings(needs=SENDING)
        unknown = unknown_settings()
    except SettingsError as wrong:
        problems += wrong.problems
        try:
            settings = read_settings()
        except SettingsError:
            return Patient(SystemClock(), [("settings", _ENV_FILE)], problems)
    return Patient(unknown=unknown, **_parts(settings, problems))


def _parts(settings: Settings, problems: list[str]) -> dict[str, Any]:
    from digest.app import hooks, open_database_to_look, relays, signers, state_folder
    from digest.clock import SystemClock
    from digest.errors import DigestError, SettingsError
    from digest.pipeline.doctor.coming_back import WaysIn
    from digest.shipped import shipped_folder

    engine, no_engine = None, ""
    try:
        engine = open_database_to_look(settings)
    except DigestError as wrong:
        no_engine = str(wrong)
    keys = None
    try:
        keys = signers(settings)
    except SettingsError as wrong:
        problems += wrong.problems
    provider = None
    try:
        provider = _provider(settings)
    except SettingsError as wrong:
        problems += wrong.problems
    return {
        "clock": SystemClock(),
        "provider": provider,
        "files": _files(settings, state_folder(settings)),
        "problems": problems,
        "secret": settings.secret_key.get_secret_value() if settings.secret_key else "",
        "previous_secret": settings.secret_key_previous.get_secret_value(),
        "base_url": settings.base_url or "",
        "templates": settings.templates_dir or shipped_folder("templates"),
        "engine": engine,
        "no_engine": no_engine,
        "relays": relays(settings) if settings.smtp_url else (),
        "helo": settings.helo_name,
        "return_path": settings.return_path,
        "ways_in": WaysIn(bool(settings.bounce_mailbox.get_secret_value()), hooks(settings)),
        "keys": [(each.domain, each.record_name, each.record) for each in keys.signers] if keys else [],
    }


def _provider(settings: Settings) -> Callable[[], str] | None:
    """Return what asks the sign-in provider who it is, None when there is none."""
    from digest.app import sign_on
    from digest.clock import SystemClock

    found = sign_on(settings)
    if found is None:
        return None
    from digest.pipeline.sign_on.provider import Provider

    return lambda: str(Provider(found).about(SystemClock().now())["issuer"])


def _files(settings: Settings, state: Path) -> list[tuple[str, Path]]:
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url)
    files = [("settings", _ENV_FILE), ("state", state)]
    if url.get_backend_name() == "sqlite":
        files += [("database", Path(f"{url.database}{ending}")) for ending in ("", "-wal", "-shm")]
    keys = (settings.dkim_key_file, settings.dkim_ed25519_key_file)
    return [*files, *(("DKIM key", key) for key in keys if key)]


def _instruments(*, offline: bool) -> Instruments:
    from digest.delivery.way_out import post
    from digest.errors import DigestError
    from digest.pipeline.doctor.examine import Instruments

    if offline:
        return Instruments(asks_servers=False)
    try:
        from digest.delivery.dns import Dns

        return Instruments(Dns(), post=post)
    except ModuleNotFoundError:
        return Instruments(None, "not looked up: that needs an extra: pip install 'digest-sender[dns]'", post)
    except DigestError as failed:
        return Instruments(None, f"not looked up: {failed}", post)
