"""A real Postfix before a real Dovecot, both in a folder of their own on loopback, and gone with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from digest.feedback.mailboxes import ImapFolder
from tests.cli.program import free_port, wait_until

POSTFIX = Path("/usr/lib/postfix/sbin/master")
PASSWORD = "word"
_MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
smtputf8_enable = no
alias_maps =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:unix:{folder}/lmtp
recipient_delimiter = +
"""
_SERVICES = {
    "pickup": "unix n - n 60 1 pickup",
    "cleanup": "unix n - n - 0 cleanup",
    "qmgr": "unix n - n 300 1 qmgr",
    "rewrite": "unix - - n - - trivial-rewrite",
    "bounce": "unix - - n - 0 bounce",
    "defer": "unix - - n - 0 bounce",
    "trace": "unix - - n - 0 bounce",
    "verify": "unix - - n - 1 verify",
    "flush": "unix n - n 1000? 0 flush",
    "proxymap": "unix - - n - - proxymap",
    "proxywrite": "unix - - n - 1 proxymap",
    "error": "unix - - n - - error",
    "retry": "unix - - n - - error",
    "showq": "unix n - n - - showq",
    "lmtp": "unix - - n - - lmtp",
    "anvil": "unix - - n - 1 anvil",
    "scache": "unix - - n - 1 scache",
    "postlog": "unix-dgram n - n - 1 postlogd",
}
_DOVECOT = """base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
recipient_delimiter = +
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 100
}}
"""


def missing() -> str:
    """Return why the two cannot be started here, "" when they can."""
    if not POSTFIX.exists() or not shutil.which("postfix"):
        return "Postfix is not installed (apt-get install postfix)"
    if not shutil.which("dovecot") or not Path("/usr/lib/dovecot/lmtp").exists():
        return "Dovecot is not installed (apt-get install dovecot-imapd dovecot-lmtpd)"
    return "" if os.geteuid() == 0 else "Postfix starts as root only"


@dataclass(frozen=True)
class MailServers:
    """Where the two listen."""

    folder: Path
    port: int  #: of Postfix
    imap_port: int

    def mailbox(self, address: str) -> ImapFolder:
        """Return the inbox of *address*."""
        return ImapFolder("127.0.0.1", self.imap_port, False, address, SecretStr(PASSWORD))

    def log(self) -> str:
        """Return what both had to say, for a test that fails."""
        return "\n".join(each.read_text() for each in self.folder.glob("*.log"))


@contextmanager
def running(addresses: Sequence[str]) -> Iterator[MailServers]:
    """Start both, with a mailbox for each of *addresses*; mail to any other comes back."""
    folder = Path(tempfile.mkdtemp(prefix="mail-"))
    folder.chmod(0o755)
    servers = MailServers(folder, free_port(), free_port())
    try:
        _write(servers, addresses)
        dovecot = subprocess.Popen(["dovecot", "-F", "-c", folder / "dovecot.conf"], cwd="/")
        try:
            wait_until((folder / "lmtp").exists)
            with _postfix(folder / "postfix"):
                yield servers
        finally:
            dovecot.terminate()
            dovecot.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postfix(config: Path) -> Iterator[None]:
    def run(what: str) -> None:
        subprocess.run(["postfix", "-c", config, what], check=True, capture_output=True, timeout=60)

    run("start")
    try:
        yield
    finally:
        run("stop")


def _write(servers: MailServers, addresses: Sequence[str]) -> None:
    folder = servers.folder
    for name in ("postfix", "queue", "data", "homes"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "homes", "nobody")
    (folder / "postfix" / "main.cf").write_text(_MAIN.format(folder=folder))
    listening = f"127.0.0.1:{servers.port} inet n - n - - smtpd\n"
    (folder / "postfix" / "master.cf").write_text(
        listening + "".join(f"{name} {how}\n" for name, how in _SERVICES.items())
    )
    (folder / "dovecot.conf").write_text(_DOVECOT.format(folder=folder, imap_port=servers.imap_port))
    nobody = pwd.getpwnam("nobody")
    (folder / "users").write_text(
        "".join(
            f"{each}:{{PLAIN}}{PASSWORD}:{nobody.pw_uid}:{nobody.pw_gid}::{folder}/homes/{each}::\n"
            for each in addresses
        )
    )
