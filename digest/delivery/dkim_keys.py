"""The door to the DKIM keys: from settings and files to signers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from digest.delivery.dkim import Signer, Signers
from digest.errors import BadInput, SettingsError
from digest.settings import Settings

_KINDS = {RSAPrivateKey: "RSA", Ed25519PrivateKey: "Ed25519"}


class _Given(NamedTuple):
    """One key as the settings give it; `prefix` begins the names of its settings, `kind` is what it must be."""

    prefix: str
    kind: type[RSAPrivateKey | Ed25519PrivateKey]
    selector: str
    text: str
    file: Path | None


def load_signers(settings: Settings) -> Signers | None:
    """Return those who sign, RSA first; None when no DKIM setting is set.

    Raises SettingsError that lists everything wrong; no part of a key is in the text.
    """
    given = [
        _Given(
            "DIGEST_DKIM", RSAPrivateKey, settings.dkim_selector,
            settings.dkim_key.get_secret_value(), settings.dkim_key_file,
        ),
        _Given(
            "DIGEST_DKIM_ED25519", Ed25519PrivateKey, settings.dkim_ed25519_selector,
            settings.dkim_ed25519_key.get_secret_value(), settings.dkim_ed25519_key_file,
        ),
    ]  # fmt: skip
    given = [each for each in given if each.selector or each.text or each.file]
    problems: list[str] = []
    signers: list[Signer] = []
    for each in given:
        try:
            signers.append(_signer(each, settings.dkim_domain))
        except BadInput as wrong:
            problems.append(f"{each.prefix}{wrong}")
    if len({each.selector for each in signers}) < len(signers):
        problems.append("DIGEST_DKIM_ED25519_SELECTOR is that of the RSA key; each key needs a selector of its own")
    if settings.dkim_domain and not given:
        problems.append("DIGEST_DKIM_SELECTOR is not set, though DIGEST_DKIM_DOMAIN is: name a selector and its key")
    if problems:
        raise SettingsError(problems)
    return Signers(tuple(signers)) if signers else None


def _signer(given: _Given, domain: str) -> Signer:
    """Return the signer; raises BadInput whose text goes on where the prefix of the settings ends."""
    if not given.selector:
        raise BadInput("_SELECTOR is not set: name the selector of the key, like d2026")
    if given.text and given.file:
        raise BadInput("_KEY and the file are both set: leave one of them empty")
    if not given.text and not given.file:
        raise BadInput("_KEY_FILE is not set: name the file of the private key, or put the key in the setting")
    where = "_KEY_FILE" if given.file else "_KEY"
    key = _key(_text_of(given.file) if given.file else given.text.encode(), where)
    if not isinstance(key, given.kind):
        raise BadInput(f"{where} is not an {_KINDS[given.kind]} key; the other kind has settings of its own")
    try:
        return Signer(domain, given.selector, key)
    except BadInput as wrong:
        raise BadInput(f"{where} cannot be used: {wrong}") from None


def _text_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise BadInput(f"_KEY_FILE {file} cannot be read: {wrong.strerror}") from None


def _key(pem: bytes, where: str) -> object:
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        raise BadInput(f"{where} is locked with a passphrase; unlock it with: openssl pkey -in KEY -out NEW") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput(f"{where} is not a private key in PEM; make one as docs/dkim.md says") from None
