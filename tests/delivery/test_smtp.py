"""The door: TLS, AUTH and servers that are not ours."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from digest.delivery.pool import Patience, drain
from digest.delivery.smtp import ConnectFailed, open_connection
from digest.model.delivery import Outcome, Phase
from digest.settings.relay import Relay
from tests.delivery.scripted import CLOCK, EVERYTHING, FAST, Do, Notebook, Then, envelope, scripted

SINK = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority of our own and what it signed: good, expired and for another name."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography makes the certificates of this test")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("certificates")

    def name(text: str) -> object:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def make(subject: str, key: object, issuer: str, signer: object, until: datetime, *, authority: bool) -> object:
        host = (
            x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            if subject == "good"
            else x509.DNSName("other.example.org")
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=9))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if authority:
            usage = dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        return builder.sign(signer, hashes.SHA256())

    root_key = ec.generate_private_key(ec.SECP256R1())
    later = datetime.now(UTC) + timedelta(days=9)
    root = make("root", root_key, "root", root_key, later, authority=True)
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for file, subject, until in (
        ("good", "good", later),
        ("expired", "good", datetime.now(UTC) - timedelta(days=1)),
        ("other", "other", later),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        signed = make(subject, key, "root", root_key, until, authority=False)
        pem = signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{file}.pem").write_bytes(pem)
    return folder


def trusting(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates / "root.pem"))


def serving(certificates: Path, which: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{which}.pem")
    return context


@contextmanager
def aiosmtpd(*, implicit: ssl.SSLContext | None = None, **options: object) -> Iterator[tuple[int, list]]:
    """Run aiosmtpd on a free port; what it took is in the list."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is in the extra `demo`")
    taken: list = []

    class Keep:
        async def handle_DATA(self, server, session, taking):  # noqa: N802 - aiosmtpd's name
            taken.append(taking)
            return "250 2.0.0 Ok: kept"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = controller.Controller(Keep(), hostname="127.0.0.1", port=port, ssl_context=implicit, **options)
    server.start()
    try:
        yield port, taken
    finally:
        server.stop()


def send_all(relay: Relay, count: int, **options: object) -> Notebook:
    left, notebook = [envelope(n, b"Subject: x\r\n\r\n.\r\n..x\r\n") for n in range(1, count + 1)], Notebook()
    asyncio.run(
        drain(
            relay,
            connections=2,
            take=lambda: left.pop(0) if left else None,
            recorder=notebook,
            clock=CLOCK,
            helo="client.example.org",
            **options,
        )
    )
    return notebook


def test_a_message_arrives_in_a_server_that_others_wrote():
    """aiosmtpd, which offers no pipelining."""
    with aiosmtpd() as (port, taken):
        notebook = send_all(Relay("127.0.0.1", port, implicit_tls=False, starttls=False), 5)

    assert [attempt.outcome for attempt in notebook.attempts] == [Outcome.SENT] * 5
    assert {each.content for each in taken} == {b"Subject: x\r\n\r\n.\r\n..x\r\n"}
    assert {each.rcpt_tos[0] for each in taken} == {f"reader{n}@example.net" for n in range(1, 6)}


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # TLS is there already
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS from the start"])
def test_mail_and_password_travel_under_tls(certificates, implicit, loop):
    """The take-over of aiosmtplib's transport, after STARTTLS and AUTH."""
    new_loop = asyncio.new_event_loop
    if loop == "uvloop":
        new_loop = pytest.importorskip("uvloop", reason="uvloop is in the extra `fast`").new_event_loop
    smtp = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is in the extra `demo`")
    seen: list[tuple[str, object]] = []

    def check(server, session, taking, mechanism, auth):
        seen.append((mechanism, auth))
        return smtp.AuthResult(success=True)

    context = serving(certificates, "good")
    options = {"implicit": context} if implicit else {"tls_context": context, "require_starttls": True}
    with aiosmtpd(authenticator=check, auth_required=True, auth_require_tls=not implicit, **options) as (port, taken):
        relay = Relay("127.0.0.1", port, implicit, not implicit, "news", SecretStr("s3cret"))
        left, notebook = (
            [envelope(n, b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 1000) for n in (1, 2, 3)],
            Notebook(),
        )
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(
                drain(
                    relay,
                    connections=1,
                    take=lambda: left.pop() if left else None,
                    recorder=notebook,
                    clock=CLOCK,
                    helo="client.example.org",
                    tls=trusting(certificates),
                )
            )

    assert [attempt.outcome for attempt in notebook.attempts] == [Outcome.SENT] * 3
    assert seen == [("PLAIN", smtp.LoginPassword(b"news", b"s3cret"))]
    assert len(taken) == 3


@pytest.mark.parametrize("which", ["expired", "other", "unknown"])
@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS from the start"])
def test_a_certificate_that_proves_nothing_gets_no_mail(certificates, which, implicit):
    """S11: expired, for another name, or signed by nobody we trust: the gate closes, no attempt is burnt."""
    context = serving(certificates, "good" if which == "unknown" else which)
    trust = ssl.create_default_context() if which == "unknown" else trusting(certificates)
    with aiosmtpd(**({"implicit": context} if implicit else {"tls_context": context})) as (port, taken):
        relay = Relay("127.0.0.1", port, implicit, not implicit, "news", SecretStr("s3cret"))
        with pytest.raises(ConnectFailed, match="certificate") as failed:
            asyncio.run(open_connection(relay, clock=CLOCK, timeouts=FAST, tls=trust))

    assert (failed.value.outcome, failed.value.phase) == (Outcome.SENDER_FAULT, Phase.TLS)
    assert "s3cret" not in str(failed.value)
    assert taken == []


def open_scripted(script, *, offer=EVERYTHING, **relay: object) -> tuple[ConnectFailed, list[str], bytes]:
    """Try to open a connection to a scripted server; return why it failed and what the server heard."""

    async def run():
        async with scripted(script, offer=offer) as server:
            with pytest.raises(ConnectFailed) as failed:
                await open_connection(
                    Relay("127.0.0.1", server.port, **{"implicit_tls": False, "starttls": False, **relay}),
                    clock=CLOCK,
                    timeouts=replace(FAST, tls=0.3),
                    helo="client.example.org",
                )
            return failed.value, server.said, bytes(server.wire)

    return asyncio.run(run())


def test_a_server_without_starttls_gets_no_mail():
    """S11, T7: no downgrade."""
    failed, said, _ = open_scripted(lambda words, number: None, starttls=True)

    assert failed.outcome is Outcome.SENDER_FAULT
    assert "STARTTLS" in str(failed)
    assert said == ["EHLO client.example.org"]


@pytest.mark.parametrize(
    "answer",
    [b"454 4.7.0 not now\r\n", b"220 go\r\n250-mx.example.org\r\n250 AUTH PLAIN\r\n", Then(b"220 go\r\n", Do.HANG)],
    ids=["refused", "injected reply", "hang"],
)
def test_a_tls_handshake_that_goes_wrong_sends_nothing(answer):
    """S11: what was injected in clear is never taken for a word of the server."""
    _, _, wire = open_scripted(
        lambda words, number: answer if words == "STARTTLS" else None,
        offer=("STARTTLS",),
        starttls=True,
        username="news",
        password=SecretStr("s3cret"),
    )

    assert b"AUTH" not in wire
    assert b"MAIL" not in wire


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("injected", "trusted"),
    [
        pytest.param((), True, id="nothing"),
        pytest.param((b"250-mx.example.org\r\n250 AUTH PLAIN\r\n",), False, id="a reply"),
        pytest.param((b"25",), False, id="half a reply"),
        pytest.param((b"", b"250 ok\r\n"), False, id="a reply in a read of its own"),
    ],
)
def test_words_slipped_in_before_tls_end_the_connection(certificates, injected, trusted, loop):
    """S11, CVE-2021-33515: the handshake succeeds, and still nobody logs in or sends where somebody interfered."""
    new_loop = asyncio.new_event_loop
    if loop == "uvloop":
        new_loop = pytest.importorskip("uvloop", reason="uvloop is in the extra `fast`").new_event_loop

    async def run() -> tuple[ConnectFailed | None, list[str]]:
        options = {"tls": serving(certificates, "good"), "injected": injected, "offer": ("STARTTLS", "PIPELINING")}
        async with scripted(**options) as server:
            failed = None
            try:
                relay = replace(server.relay, starttls=True)
                connection = await open_connection(
                    relay, clock=CLOCK, timeouts=FAST, tls=trusting(certificates), helo="client.example.org"
                )
            except ConnectFailed as error:
                failed = error
            else:
                assert (await connection.send(envelope())).outcome is Outcome.SENT
                await connection.quit()
            return failed, server.said

    with asyncio.Runner(loop_factory=new_loop) as runner:
        failed, said = runner.run(run())

    if trusted:
        assert failed is None
        assert said.count("EHLO client.example.org") == 2
    else:
        assert failed is not None
        assert failed.phase is Phase.TLS
        assert said == ["EHLO client.example.org", "STARTTLS"]


def logging_in(certificates, answers: dict[str, bytes], offer: str, **relay: object) -> tuple[object, list[str]]:
    """Log in to a scripted server under TLS; return why that failed, or None, and what it was told."""

    async def run() -> tuple[object, list[str]]:
        implicit = serving(certificates, "good")
        async with scripted(lambda verb, _: answers.get(verb), implicit=implicit, offer=(offer,)) as server:
            to = Relay("127.0.0.1", server.port, implicit_tls=True, starttls=False, username="news", **relay)
            try:
                connection = await open_connection(to, clock=CLOCK, timeouts=FAST, tls=trusting(certificates), helo="x")
            except ConnectFailed as error:
                return error, server.said[1:]
            await connection.quit()
            return None, server.said[1:-1]

    return asyncio.run(run())


def test_a_token_is_the_password_of_xoauth2(certificates):
    """The form that Google and Microsoft publish: user and bearer, joined by control-A."""
    failed, said = logging_in(
        certificates, {"AUTH": b"235 ok\r\n"}, "AUTH PLAIN XOAUTH2", password=SecretStr("tok"), xoauth2=True
    )

    assert failed is None
    assert said == ["AUTH XOAUTH2 " + base64.b64encode(b"user=news\1auth=Bearer tok\1\1").decode()]


def test_a_token_in_a_file_is_read_anew_at_each_login(certificates, tmp_path):
    """It lives for an hour; whoever renews it writes the file."""
    file, heard = tmp_path / "token", []
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        heard += logging_in(certificates, {"AUTH": b"235 ok\r\n"}, "AUTH XOAUTH2", xoauth2=True, token_file=file)[1]

    assert [base64.b64decode(words.split()[-1]).split(b"\1")[1] for words in heard] == [
        b"auth=Bearer first",
        b"auth=Bearer second",
    ]


def test_a_token_that_is_refused_closes_the_gate(certificates):
    """S12: the challenge with the reason is answered by an empty line, then comes the 535."""
    answers = {"AUTH": b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n", "": b"535 5.7.8 expired\r\n"}
    failed, said = logging_in(certificates, answers, "AUTH XOAUTH2", password=SecretStr("tok"), xoauth2=True)

    assert (failed.outcome, failed.phase, failed.reply.code) == (Outcome.SENDER_FAULT, Phase.AUTH, 535)
    assert said[1:] == [""]
    assert "tok" not in str(failed)


@pytest.mark.parametrize("content", [None, "", b"\xff"], ids=["missing", "empty", "not text"])
def test_a_token_file_of_no_use_is_told(certificates, tmp_path, content):
    """Nothing goes out, and the words name the file."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content or b"")
    failed, said = logging_in(certificates, {}, "AUTH XOAUTH2", xoauth2=True, token_file=file)

    assert (failed.outcome, failed.phase) == (Outcome.SENDER_FAULT, Phase.AUTH)
    assert str(file) in str(failed)
    assert said == []


@pytest.mark.parametrize(
    ("offer", "xoauth2", "mechanism"),
    [("AUTH LOGIN PLAIN XOAUTH2", False, "PLAIN"), ("AUTH LOGIN", False, "LOGIN"), ("AUTH PLAIN", True, "")],
)
def test_the_login_is_the_one_that_was_asked_for(certificates, offer, xoauth2, mechanism):
    """A password is never sent as a token, a token never as a password."""
    answers = {"AUTH": b"334 x\r\n" if mechanism == "LOGIN" else b"235 ok\r\n", "CZNJCMV0": b"235 ok\r\n"}
    failed, said = logging_in(certificates, answers, offer, password=SecretStr("s3cret"), xoauth2=xoauth2)

    assert [words.split()[1] for words in said[:1]] == ([mechanism] if mechanism else [])
    assert (failed is None) == bool(mechanism)


def test_a_password_never_goes_out_in_clear():
    """Not even on this machine."""
    failed, said, _ = open_scripted(
        lambda words, number: None, offer=("AUTH PLAIN",), username="news", password=SecretStr("s3cret")
    )

    assert (failed.outcome, failed.phase) == (Outcome.SENDER_FAULT, Phase.AUTH)
    assert said == ["EHLO client.example.org"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("535 5.7.8 wrong", Outcome.SENDER_FAULT),
        ("454 4.7.0 cannot check now", Outcome.DEFERRED),
        ("421 4.7.0 bye", Outcome.DEFERRED),
    ],
)
def test_a_login_is_tried_once(certificates, answer, outcome):
    """S3, S12: three mechanisms would be three wrong passwords, and a locked account."""
    smtp = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is in the extra `demo`")
    tries = []

    def check(server, session, taking, mechanism, auth):
        tries.append(mechanism)
        return smtp.AuthResult(success=False, handled=False, message=answer)

    with aiosmtpd(authenticator=check, tls_context=serving(certificates, "good")) as (port, _):
        relay = Relay("127.0.0.1", port, False, True, "news", SecretStr("s3cret"))
        with pytest.raises(ConnectFailed) as failed:
            asyncio.run(open_connection(relay, clock=CLOCK, timeouts=FAST, tls=trusting(certificates)))

    assert (failed.value.outcome, failed.value.phase) == (outcome, Phase.AUTH)
    assert len(tries) == 1
    assert base64.b64encode(b"\0news\0s3cret").decode() not in str(failed.value)


def test_a_wrong_password_burns_no_readers_attempt(certificates):
    """S12: the gate closes and the messages go back."""
    smtp = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is in the extra `demo`")
    refuse = lambda *_: smtp.AuthResult(success=False, handled=False, message="535 5.7.8 wrong")  # noqa: E731
    left, notebook = [envelope(n) for n in range(9)], Notebook()
    with aiosmtpd(authenticator=refuse, tls_context=serving(certificates, "good")) as (port, _):
        result = asyncio.run(
            drain(
                Relay("127.0.0.1", port, False, True, "news", SecretStr("s3cret")),
                connections=3,
                take=lambda: left.pop() if left else None,
                recorder=notebook,
                clock=CLOCK,
                timeouts=FAST,
                tls=trusting(certificates),
            )
        )

    assert notebook.attempts == []
    assert result.fault is not None
    assert result.fault.phase is Phase.AUTH


def test_an_old_server_is_greeted_the_old_way():
    """HELO when EHLO is unknown, and then no extension is used."""

    async def run():
        script = lambda words, number: b"502 what?\r\n" if words == "EHLO" else None  # noqa: E731
        async with scripted(script) as server:
            connection = await open_connection(server.relay, clock=CLOCK, timeouts=FAST)
            attempt = await connection.send(envelope())
            await connection.quit()
            return attempt.outcome, server.said

    outcome, said = asyncio.run(run())

    assert outcome is Outcome.SENT
    assert said == [
        "EHLO [127.0.0.1]",
        "HELO [127.0.0.1]",
        "MAIL FROM:<news@example.org>",
        "RCPT TO:<reader1@example.net>",
        "DATA",
        "QUIT",
    ]


def test_a_tls_context_that_checks_nothing_is_refused():
    """Not a setting, not an accident."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    relay = Relay("127.0.0.1", 1, implicit_tls=False, starttls=True)

    async def run():
        async with scripted() as server:
            relay = Relay("127.0.0.1", server.port, implicit_tls=False, starttls=True)
            await open_connection(relay, clock=CLOCK, timeouts=FAST, tls=lax)

    assert relay.starttls
    with pytest.raises(ValueError, match="must check"):
        asyncio.run(run())


def test_a_host_that_does_not_exist_is_waited_for():
    """DNS may be down; the reason is in the log."""
    relay = Relay("nowhere.invalid", 25, implicit_tls=False, starttls=False)
    with pytest.raises(ConnectFailed) as failed:
        asyncio.run(open_connection(relay, clock=CLOCK, timeouts=FAST))

    assert (failed.value.outcome, failed.value.phase) == (Outcome.DEFERRED, Phase.CONNECT)


@pytest.mark.skipif(SINK is None, reason="smtp-sink is not installed (Debian: postfix)")
@pytest.mark.parametrize(
    "options", [[], ["-p"], ["-e"], ["-8"]], ids=["all", "no pipelining", "no ESMTP", "no 8BITMIME"]
)
def test_postfixs_sink_takes_everything(options):
    """A server in C, with and without its extensions."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if Path("/proc/self").stat().st_uid == 0 else []
    sink = subprocess.Popen([SINK, *user, "-M", "200", *options, f"127.0.0.1:{port}", "100"], stderr=sys.stderr)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        notebook = send_all(
            Relay("127.0.0.1", port, implicit_tls=False, starttls=False), 100, patience=Patience(0.1, 0.1, 2)
        )
    finally:
        sink.kill()
        sink.wait()

    assert [attempt.outcome for attempt in notebook.attempts] == [Outcome.SENT] * 100
