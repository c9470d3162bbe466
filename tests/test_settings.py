"""Settings: everything wrong is told at once, in words that never hold a secret."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from digest.app import open_installation, relay, state_folder
from digest.errors import SettingsError
from digest.settings import COMPOSING, SENDING, new_secret, read_settings, unknown_settings
from digest.settings.relay import group_rates_of, relay_of, relays_of

KEY = "k3y" * 12
GOOD = {
    "DIGEST_SMTP_URL": "smtp://ann:pa55word@mail.example.org:2525",
    "DIGEST_BASE_URL": "https://news.example.org",
    "DIGEST_SECRET_KEY": KEY,
}


@pytest.fixture
def environment(monkeypatch):
    """Give a function that sets exactly these settings in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("DIGEST_"):
            monkeypatch.delenv(name)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def problems_of(**more):
    """Return what is told of the settings in the environment."""
    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=None, **more)
    return caught.value.problems


def test_one_look_tells_every_wrong_and_every_missing_setting(environment):
    """Nobody should have to start the program once per mistake."""
    environment(
        DIGEST_DATABASE_URL="postgres://db",
        DIGEST_BASE_URL="news.example.org",
        DIGEST_SECRET_KEY="short",
        DIGEST_SMTP_CONNECTIONS="many",
        DIGEST_FETCH_PRIVATE_ADDRESSES="perhaps",
        DIGEST_RETURN_PATH="two words@example.org",
        DIGEST_HELO_NAME="mail example",
        DIGEST_TEMPLATES_DIR="/nowhere",
    )

    found = problems_of(needs=SENDING)

    named = {problem.split()[0] for problem in found}
    assert named == {f"DIGEST_{name}" for name in (
        "DATABASE_URL", "BASE_URL", "SECRET_KEY", "SMTP_CONNECTIONS", "FETCH_PRIVATE_ADDRESSES", "RETURN_PATH",
        "HELO_NAME", "TEMPLATES_DIR", "SMTP_URL",
    )}  # fmt: skip
    assert len(found) == len(named)
    assert all("\n" not in problem and "Input should" not in problem for problem in found)


def test_what_is_not_needed_may_be_missing(environment):
    """A command that only reads the database wants no mail server."""
    environment()

    found = read_settings(env_file=None)

    assert found.smtp_url is None
    assert found.database_url == "sqlite:///var/digest.db"
    assert [each.split()[0] for each in problems_of(needs=COMPOSING)] == ["DIGEST_BASE_URL", "DIGEST_SECRET_KEY"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("SMTP_URL", "mail.example.org", "must look like smtp://", id="no scheme"),
        pytest.param("SMTP_URL", "http://mail.example.org", "must look like smtp://", id="another scheme"),
        pytest.param("SMTP_URL", "smtp://", "must look like smtp://", id="no host"),
        pytest.param("SMTP_URL", "smtp://[::1", "must look like smtp://", id="half an IPv6 address"),
        pytest.param("SMTP_URL", "smtp://mail.example.org:0", "the port must be a number", id="port 0"),
        pytest.param("SMTP_URL", "smtp://mail.example.org:70000", "the port must be a number", id="port too high"),
        pytest.param("SMTP_URL", "smtp://mail.example.org:smtp", "the port must be a number", id="port in letters"),
        pytest.param("SMTP_URL", "smtp://mail.example.org/in", "must look like smtp://", id="a path"),
        pytest.param("SMTP_URL", "smtp://mail example", "must look like smtp://", id="a blank in the host"),
        pytest.param("SMTP_URL", "smtp://h?tls=none", "may stand auth, connections", id="a word that is none"),
        pytest.param("SMTP_URL", "smtp://h?starttls=maybe", "'always' or 'never'", id="starttls unknown"),
        pytest.param("SMTP_URL", "smtp://h?starttls=never", "only for a server on this machine", id="starttls off"),
        pytest.param(
            "SMTP_URL", "smtp://localhost.example.org?starttls=never", "this machine", id="only named like localhost"
        ),
        pytest.param("BASE_URL", "http://news.example.org", "must be https://", id="http to the world"),
        pytest.param("BASE_URL", "http://localhost.example.org", "must be https://", id="http, named like localhost"),
        pytest.param("BASE_URL", "https://", "must be the address", id="no host in the address"),
        pytest.param("BASE_URL", "https://news.example.org?x=1", "must be the address", id="a query"),
        pytest.param("BASE_URL", "https://news.example.org#top", "must be the address", id="a fragment"),
        pytest.param("BASE_URL", "https://news.example.org:99999", "the port must be", id="a port too high"),
        pytest.param("BASE_URL", "https://me:pw@news.example.org", "must be the address", id="a password"),
        pytest.param("BASE_URL", "https://news.example.org/날씨", "must be the address", id="letters no link can hold"),
        pytest.param("BASE_URL", "https://news.example.org/a b", "must be the address", id="a blank in the path"),
        pytest.param("DATABASE_URL", "sqlite:///", "must be sqlite:///path", id="no file"),
        pytest.param("DATABASE_URL", "sqlite:///:memory:", "must be sqlite:///path", id="in memory"),
        pytest.param("DATABASE_URL", "mysql://localhost/digest", "must be sqlite:///path", id="another database"),
        pytest.param("DATABASE_URL", "postgresql+psycopg://localhost", "must name a database", id="no database"),
        pytest.param("SMTP_CONNECTIONS", "0", "a whole number from 1 to 200", id="no connection"),
        pytest.param("SMTP_CONNECTIONS", "201", "a whole number from 1 to 200", id="too many connections"),
        pytest.param("SMTP_CONNECTIONS", "2.5", "a whole number from 1 to 200", id="half a connection"),
        pytest.param("FETCH_PRIVATE_ADDRESSES", "maybe", "true or false", id="neither yes nor no"),
        pytest.param("OIDC_ISSUER", "login.example.org", "must be the provider's issuer", id="no scheme, provider"),
        pytest.param("OIDC_ISSUER", "http://login.example.org", "must be https://", id="a provider over http"),
        pytest.param("OIDC_ROLES", "owner=boss", "must look like admin=", id="a role that is none"),
        pytest.param("OIDC_ROLES", "admin=", "must look like admin=", id="a role for nobody"),
        pytest.param("SECRET_KEY", "a" * 31, "at least 32 characters", id="a short key"),
        pytest.param("RETURN_PATH", "bounces", "one plain address", id="no address"),
        pytest.param("RETURN_PATH", "a@example.org, b@example.org", "one plain address", id="two addresses"),
        pytest.param("RETURN_PATH", "a@example.org>\r\nRCPT TO:<b@example.org", "one plain address", id="SMTP inside"),
        pytest.param("HELO_NAME", "mail\r\nMAIL FROM:<>", "host name", id="SMTP inside EHLO"),
        pytest.param("HELO_NAME", "-mail.example.org", "host name", id="a hyphen first"),
        pytest.param("TEMPLATES_DIR", "/nowhere", "folders email and web", id="no such folder"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_words(environment, name, value, says):
    """One line: which setting, and what it should be."""
    environment(**{f"DIGEST_{name}": value})

    (problem,) = problems_of()

    assert problem.startswith(f"DIGEST_{name} ")
    assert says in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "http://localhost:8000"),
        ("BASE_URL", "http://127.0.0.1:8000"),
        ("BASE_URL", "http://[::1]:8000"),
        ("BASE_URL", "https://example.org/news/"),
        ("BASE_URL", "https://xn--bcher-kva.example.org"),
        ("SMTP_URL", "smtp://localhost:2525?starttls=never"),
        ("SMTP_URL", "smtp://[::1]:2525?starttls=never"),
        ("SMTP_URL", "smtps://ann%40example.org:p%2Fw@mail.example.org/"),
        ("SMTP_URL", "smtp://mail_relay"),
        ("RETURN_PATH", "bounces+x@news.example.org"),
        ("HELO_NAME", "mail.example.org"),
        ("HELO_NAME", "[192.0.2.1]"),
        ("HELO_NAME", "[IPv6:2001:db8::1]"),
        ("DATABASE_URL", "sqlite:////srv/digest/digest.db"),
        ("DATABASE_URL", "postgresql+psycopg://digest:secret@db.example.org/digest"),
        ("DATABASE_URL", "postgresql+psycopg:///digest?host=/run/postgresql"),
        ("SMTP_CONNECTIONS", "200"),
        ("FETCH_PRIVATE_ADDRESSES", "true"),
    ],
)
def test_an_allowed_setting_is_taken(environment, name, value):
    """What the rules above must not catch."""
    environment(**{f"DIGEST_{name}": value})

    taken = getattr(read_settings(env_file=None), name.lower())
    shown = taken.get_secret_value() if hasattr(taken, "get_secret_value") else str(taken)

    assert shown.lower().rstrip("/") == value.lower().rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("smtp://ann:hunter2secret@mail.example.org:x", id="wrong port"),
        pytest.param("smtp://ann:hunter2secret℀@mail.example.org", id="a letter that the URL reader quotes"),
        pytest.param("smtp://ann:hunter2secret/x@mail.example.org", id="a slash in the password"),
        pytest.param("smtp://ann:hunter2secret@mail.example.org?starttls=never", id="starttls"),
        pytest.param("hunter2secret", id="only the password"),
        pytest.param("smtp://ann:hunter2secret@[::1", id="half an address"),
    ],
)
def test_no_message_ever_holds_a_password(environment, url):
    """Messages end up in logs and tickets."""
    environment(**{**GOOD, "DIGEST_SMTP_URL": url, "DIGEST_SECRET_KEY": "hunter2secret"})

    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=None, needs=SENDING)

    told = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.__context__}"
    assert "hunter2" not in told
    assert len(caught.value.problems) == 2


def test_no_repr_ever_holds_a_secret(environment):
    """A repr ends up in tracebacks."""
    environment(**GOOD, DIGEST_SECRET_KEY_PREVIOUS="0ld" * 12)

    found = read_settings(env_file=None)
    shown = f"{found} {found!r} {relay(found)} {relay(found)!r} {found.model_dump()} {found.model_dump_json()}"

    assert not any(secret in shown for secret in ("pa55word", KEY, "0ld0ld"))


def test_dot_env_is_read_and_the_environment_wins(environment, tmp_path):
    """One file for a machine, and a word on the command line for once."""
    file = tmp_path / ".env"
    file.write_text(
        '# a comment\nDIGEST_BASE_URL="https://file.example.org/"\nDIGEST_POSTAL_ADDRESS="1 Straße\n10115 Berlin"\n'
        f"DIGEST_SECRET_KEY={KEY}\nSOMETHING_ELSE=1\n",
        "utf-8",
    )
    environment(DIGEST_BASE_URL="https://here.example.org")

    found = read_settings(needs=COMPOSING, env_file=file)

    assert found.base_url == "https://here.example.org"
    assert found.postal_address == "1 Straße\n10115 Berlin"
    assert found.secret_key == SecretStr(KEY)


def test_an_empty_value_counts_as_unset(environment, tmp_path):
    """`.env.example` has names without values; they mean "not set", also where the environment says so."""
    file = tmp_path / ".env"
    file.write_text(f"DIGEST_SECRET_KEY={KEY}\nDIGEST_BASE_URL=\nDIGEST_SMTP_CONNECTIONS=\n")
    environment(DIGEST_SECRET_KEY="", DIGEST_TEMPLATES_DIR="")

    found = read_settings(env_file=file, needs=("secret_key",))
    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=file, needs=COMPOSING)

    assert found.smtp_connections == 10
    assert found.templates_dir is None
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["DIGEST_BASE_URL is not set"]


def test_a_missing_setting_is_told_beside_a_wrong_one_in_dot_env(environment, tmp_path):
    """The set ones of the file must not be called missing because another is wrong."""
    file = tmp_path / ".env"
    file.write_text(f"DIGEST_SECRET_KEY={KEY}\nDIGEST_BASE_URL=nonsense\n")
    environment(DIGEST_SECRET_KEY="")

    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=file, needs=SENDING)

    assert [problem.split()[0] for problem in caught.value.problems] == ["DIGEST_BASE_URL", "DIGEST_SMTP_URL"]


def test_a_name_in_dot_env_that_is_no_setting_is_told_beside_what_is_missing(environment, tmp_path):
    """Most often the one is the other, misspelt. By itself it stops nothing: another version may know it."""
    file = tmp_path / ".env"
    file.write_text("DIGEST_SMTP_ULR=smtp://mail.example.org\nDIGEST_ZZ=1\nPATH_TO=x\n")
    environment(DIGEST_VENV="/venv")

    with pytest.raises(SettingsError) as caught:
        read_settings(env_file=file, needs=["smtp_url"])

    assert [problem.partition(" in ")[0] for problem in caught.value.problems[1:]] == ["DIGEST_SMTP_ULR", "DIGEST_ZZ"]
    assert caught.value.problems[1].endswith("did you mean DIGEST_SMTP_URL?")
    assert read_settings(env_file=file).smtp_url is None


def test_the_example_names_settings_only():
    """Whoever copies it is not told of a name that is none."""
    example = Path(__file__).parent.parent / ".env.example"

    assert unknown_settings(example) == []


def test_a_dot_env_that_is_no_text_is_told_in_words(environment, tmp_path):
    """A file saved as Latin-1 is common; its bytes are not shown."""
    file = tmp_path / ".env"
    file.write_bytes("DIGEST_POSTAL_ADDRESS=1 Straße".encode("latin-1"))
    environment()

    with pytest.raises(SettingsError, match="cannot be read: it is not UTF-8 text"):
        read_settings(env_file=file)


def test_no_dot_env_is_no_mistake(environment, tmp_path):
    """Containers have only an environment."""
    environment(**GOOD)

    assert read_settings(env_file=tmp_path / ".env", needs=SENDING).base_url == "https://news.example.org"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, False, True)),
        ("smtps://mail.example.org", ("mail.example.org", 465, True, False)),
        ("smtp://mail.example.org:25", ("mail.example.org", 25, False, True)),
        ("smtp://localhost:2525?starttls=never", ("localhost", 2525, False, False)),
        ("smtps://localhost?starttls=never", ("localhost", 465, True, False)),
        ("smtp://[::1]:2525", ("::1", 2525, False, True)),
    ],
)
def test_the_mail_server_is_taken_apart(url, expected):
    """STARTTLS unless TLS comes first or the server is on this machine."""
    found = relay_of(SecretStr(url))

    assert (found.host, found.port, found.implicit_tls, found.starttls) == expected


@pytest.mark.parametrize(
    ("url", "xoauth2", "file"),
    [
        ("smtp://news:pw@mail.example.org", False, None),
        ("smtp://news:token@mail.example.org?auth=xoauth2", True, None),
        ("smtps://news@mail.example.org?auth=xoauth2&token_file=/run/token", True, Path("/run/token")),
    ],
)
def test_a_token_can_stand_for_the_password(url, xoauth2, file):
    """In the URL, or in a file that somebody renews."""
    found = relay_of(SecretStr(url))

    assert (found.xoauth2, found.token_file) == (xoauth2, file)


@pytest.mark.parametrize(
    "query", ["?auth=plain", "?auth=xoauth2", "?token_file=/run/token", "?auth=xoauth2&auth=xoauth2"]
)
def test_a_login_that_cannot_work_is_told_at_once(environment, monkeypatch, query):
    """Not when the first edition is due."""
    monkeypatch.setenv("DIGEST_SMTP_URL", f"smtp://news@mail.example.org{query}")

    with pytest.raises(SettingsError, match=r"DIGEST_SMTP_URL .*(auth|token_file)="):
        read_settings(env_file=None)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_any_name_and_password_can_be_written(name, password):
    """Percent-encoded, every character gets through (RFC 3986 §2.1)."""
    from urllib.parse import quote

    found = relay_of(SecretStr(f"smtp://{quote(name, safe='')}:{quote(password, safe='')}@mail.example.org"))

    assert (found.username, found.password.get_secret_value()) == (name, password)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=60))
@pytest.mark.parametrize("prefix", ["", "smtp://", "smtp://u:pw-", "smtp://[", "https://"])
def test_no_value_is_answered_with_anything_but_words(environment, monkeypatch, prefix, value):
    """Whatever stands in the environment, it is taken or told; the program does not fall over."""
    for name in ("SMTP_URL", "BASE_URL", "SECRET_KEY", "RETURN_PATH", "HELO_NAME", "TEMPLATES_DIR"):
        monkeypatch.setenv(f"DIGEST_{name}", prefix + value)

    told: list[str] = []
    try:
        read_settings(env_file=None)
    except SettingsError as error:
        told = error.problems

    assert all(re.match(r"DIGEST_[A-Z_]+ \S", problem) for problem in told)


def test_an_installation_names_only_what_it_misses(environment):
    """The base URL is there; only the key is not."""
    environment(DIGEST_BASE_URL="https://news.example.org")

    with pytest.raises(SettingsError) as caught:
        open_installation(read_settings(env_file=None))

    assert caught.value.problems == ["DIGEST_SECRET_KEY is not set"]


def test_journals_lie_beside_their_database(environment, tmp_path):
    """Two databases never share a lock."""
    environment(DIGEST_DATABASE_URL=f"sqlite:///{tmp_path}/one.db")

    assert state_folder(read_settings(env_file=None)) == tmp_path / "one.db.state"


def test_the_journals_of_a_worker_lie_in_its_own_folder(environment):
    """Its database is on another machine."""
    environment(DIGEST_DATABASE_URL="postgresql+psycopg://digest:secret@db.example.org/news")

    assert state_folder(read_settings(env_file=None)) == Path("var/news.state")


def test_a_new_secret_is_long_enough_and_new(environment):
    """It is what `openssl rand -hex 32` would give."""
    first, second = new_secret(), new_secret()
    environment(DIGEST_SECRET_KEY=first)

    assert read_settings(env_file=None).secret_key == SecretStr(first)
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first != second


def test_several_mail_servers_are_told_apart_by_white_space(monkeypatch):
    """Each with its share and its limits."""
    monkeypatch.setenv(
        "DIGEST_SMTP_URL",
        "smtp://ann:one@a.example.org?weight=3&rate=20/s  smtps://b.example.org:4650?connections=4&rate=300/min",
    )
    urls = read_settings(env_file=None).smtp_url
    assert urls is not None
    first, second = relays_of(urls)

    assert (first.server, first.weight, first.rate, first.connections) == ("a.example.org:587", 3, 20.0, 0)
    assert (second.server, second.weight, second.rate, second.connections) == ("b.example.org:4650", 1, 5.0, 4)
    assert first.password.get_secret_value() == "one"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SMTP_URL", "smtp://a.example.org?weight=0", "weight= must be a whole number"),
        ("SMTP_URL", "smtp://a.example.org?connections=201", "connections= must be a whole number"),
        ("SMTP_URL", "smtp://a.example.org?rate=fast", "20/s, 300/min or 5000/h"),
        ("SMTP_URL", "smtp://a.example.org?rate=0/s", "20/s, 300/min or 5000/h"),
        ("SMTP_URL", "smtp://a.example.org b.example.org", "must look like smtp://"),
        ("GROUP_RATES", "google", "must look like google=20/s"),
        ("GROUP_RATES", "google=lots", "20/s, 300/min or 5000/h"),
    ],
)
def test_a_wrong_share_or_rate_is_told(monkeypatch, name, value, words):
    """One line that says what is meant."""
    monkeypatch.setenv(f"DIGEST_{name}", value)
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_settings(env_file=None)


def test_rates_are_set_for_a_provider_or_a_domain():
    """In messages a second."""
    assert group_rates_of("google=20/s  Example.org=1800/h") == {"google": 20.0, "example.org": 0.5}
