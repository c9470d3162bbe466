"""The keys: from settings to signers, and every mistake in words."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from digest import app
from digest.delivery.dkim_keys import load_signers
from digest.errors import SettingsError
from digest.settings import Settings, read_settings

AT = datetime(2025, 11, 24, 7, 0, tzinfo=UTC)


def pem(key, form=PrivateFormat.PKCS8, lock=None) -> str:
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode()


RSA_KEY = generate_private_key(65537, 2048)
RSA, ED25519 = pem(RSA_KEY), pem(Ed25519PrivateKey.generate())


def with_settings(**values) -> Settings:
    return Settings(_env_file=None, **{f"dkim_{name}": value for name, value in values.items()})


def problems_of(**values) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_signers(with_settings(**values))
    return caught.value.problems


def test_without_settings_nobody_signs_and_nothing_is_loaded():
    """The mail server may sign, and then this costs nothing."""
    assert app.signers(with_settings()) is None
    assert load_signers(with_settings()) is None


def test_two_keys_from_file_and_environment_sign_in_order(tmp_path, monkeypatch):
    """RSA from a file, Ed25519 in one line of the environment; what they sign holds against their records."""
    (tmp_path / "rsa.pem").write_text(RSA)
    monkeypatch.setenv("DIGEST_DKIM_SELECTOR", "d1")
    monkeypatch.setenv("DIGEST_DKIM_KEY_FILE", str(tmp_path / "rsa.pem"))
    monkeypatch.setenv("DIGEST_DKIM_ED25519_SELECTOR", "d2")
    monkeypatch.setenv("DIGEST_DKIM_ED25519_KEY", ED25519.strip().replace("\n", "\\n"))

    signers = app.signers(read_settings(env_file=None))

    assert [each.algorithm for each in signers.signers] == ["rsa-sha256", "ed25519-sha256"]
    records = {each.record_name("example.org"): each.record.encode() for each in signers.signers}
    mail = signers.sign(b"From: press@example.org\r\n\r\nGood morning\r\n", AT)
    checked = dkim.DKIM(mail)
    assert all(checked.verify(n, dnsfunc=lambda name, timeout=5: records[name.decode().rstrip(".")]) for n in (0, 1))


def test_the_older_form_of_a_pem_key_is_read_too():
    """`openssl genrsa -traditional` writes PKCS #1."""
    older = pem(RSA_KEY, PrivateFormat.TraditionalOpenSSL)

    (signer,) = load_signers(with_settings(selector="d1", key=older)).signers

    assert signer.key.key_size == 2048


@pytest.mark.parametrize(
    ("values", "begins", "says"),
    [
        ({"selector": "d1"}, "DIGEST_DKIM_KEY_FILE", "is not set"),
        ({"key": RSA}, "DIGEST_DKIM_SELECTOR", "is not set"),
        ({"domain": "example.org"}, "DIGEST_DKIM_SELECTOR", "is not set"),
        ({"selector": "d1", "key": RSA, "key_file": "x.pem"}, "DIGEST_DKIM_KEY", "both set"),
        ({"selector": "d1", "key_file": "/no/such.pem"}, "DIGEST_DKIM_KEY_FILE", "cannot be read"),
        ({"selector": "d1", "key_file": __file__}, "DIGEST_DKIM_KEY_FILE", "not a private key in PEM"),
        ({"selector": "d1", "key": ED25519}, "DIGEST_DKIM_KEY", "is not an RSA key"),
        ({"ed25519_selector": "d1", "ed25519_key": RSA}, "DIGEST_DKIM_ED25519_KEY", "is not an Ed25519 key"),
        ({"selector": "d1", "key": RSA, "ed25519_selector": "d1", "ed25519_key": ED25519},
         "DIGEST_DKIM_ED25519_SELECTOR", "of its own"),
    ],
    ids=["no key", "no selector", "only a domain", "two keys", "no file", "no PEM", "not RSA", "not Ed25519", "one selector"],
)  # fmt: skip
def test_a_wrong_key_is_told_by_its_setting(values, begins, says):
    """The sentence begins with the name of the setting to change, and never holds the key."""
    (problem,) = problems_of(**values)

    assert problem.split()[0] == begins
    assert says in problem
    assert "BEGIN" not in problem
    assert "\n" not in problem


def test_a_key_of_1024_bits_is_refused():
    """RFC 8301 asks signers for 2048."""
    weak = pem(generate_private_key(65537, 1024))

    assert "1024 bits" in problems_of(selector="d1", key=weak)[0]


def test_a_locked_key_says_how_to_unlock_it():
    """No passphrase is asked for by a program that runs at night."""
    locked = pem(RSA_KEY, lock=BestAvailableEncryption(b"night"))

    assert "openssl pkey" in problems_of(selector="d1", key=locked)[0]


def test_both_keys_mistakes_are_told_at_once():
    """Nobody should have to start the program once per mistake."""
    found = problems_of(selector="d1", ed25519_key=ED25519)

    assert [problem.split()[0] for problem in found] == ["DIGEST_DKIM_KEY_FILE", "DIGEST_DKIM_ED25519_SELECTOR"]


def test_forms_are_told_with_all_other_settings(monkeypatch):
    """A selector that is no name, a path where the key belongs: the settings themselves say so."""
    monkeypatch.setenv("DIGEST_DKIM_SELECTOR", "two words")
    monkeypatch.setenv("DIGEST_DKIM_DOMAIN", "https://example.org")
    monkeypatch.setenv("DIGEST_DKIM_KEY", "keys/dkim.pem")

    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=None)

    named = {problem.split()[0] for problem in caught.value.problems}
    assert named == {"DIGEST_DKIM_SELECTOR", "DIGEST_DKIM_DOMAIN", "DIGEST_DKIM_KEY"}
    assert "keys/dkim.pem" not in str(caught.value)


def test_without_the_library_the_extra_is_named(monkeypatch):
    """The library comes with the extra dkim."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography" or ".dkim" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)

    with pytest.raises(SettingsError, match=r"digest-sender\[dkim\]"):
        app.signers(with_settings(selector="d1", key=RSA))


def test_the_commands_of_the_guide_make_keys_and_records(tmp_path):
    """What docs/dkim.md prints for `p=` is what verifiers need."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    guide = (Path(__file__).parents[2] / "docs/dkim.md").read_text("utf-8")
    making = [
        f"{line.split('`')[-2] if '`' in line else line}"
        for line in guide.splitlines()
        if re.search(r"openssl gen\w+ .*-out", line)
    ]
    publishing = [line for line in guide.splitlines() if line.startswith("openssl pkey")]

    shell = "\n".join([*making, *publishing])
    done = subprocess.run(
        ["sh", "-ec", shell.replace("base64 -A", "base64 -A; echo")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    signers = load_signers(with_settings(
        selector="d1", key_file=tmp_path / "dkim-rsa.pem",
        ed25519_selector="d2", ed25519_key_file=tmp_path / "dkim-ed25519.pem",
    ))  # fmt: skip
    assert [each.record.partition("p=")[2] for each in signers.signers] == done.stdout.split()
