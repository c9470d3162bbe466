"""The page server gives out one folder and lets nothing run."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from digest.cli.demo.serve import GalleryServer


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "mails"
    (folder / "inner").mkdir(parents=True)
    (folder / "index.html").write_text("<p>안녕</p>", "utf-8")
    (folder / "01.txt").write_text("text", "utf-8")
    (folder / "01.eml").write_bytes(b"Subject: x\r\n\r\n")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (tmp_path / "mails-too").mkdir()
    (tmp_path / "mails-too" / "secret.txt").write_text("secret", "utf-8")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    return folder


def _ask(url, path, method="GET"):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_the_page_is_at_the_root_in_utf8(folder):
    """One address to open."""
    with GalleryServer(folder) as server:
        status, headers, body = _ask(server.url, "/")

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert body.decode() == "<p>안녕</p>"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/../secret.txt", id="one up"),
        pytest.param("/%2e%2e/secret.txt", id="one up, encoded"),
        pytest.param("/..%2fsecret.txt", id="slash encoded"),
        pytest.param("/inner/../../secret.txt", id="down and up"),
        pytest.param("/..\\secret.txt", id="backslash"),
        pytest.param("//secret.txt", id="two slashes"),
        pytest.param("/../mails-too/secret.txt", id="a folder whose name begins alike"),
        pytest.param("/out.txt", id="a link that leads out"),
        pytest.param("/inner", id="a folder"),
        pytest.param("/inner/", id="a folder, to be listed"),
        pytest.param("/01.txt/", id="a file as if a folder"),
        pytest.param("/none.html", id="nothing there"),
        pytest.param("/%00", id="a null byte"),
        pytest.param("/" + "a" * 3000, id="a name too long"),
    ],
)
def test_nothing_outside_and_no_listing(folder, path):
    """Whatever is asked, only files in the folder are answered."""
    with GalleryServer(folder) as server:
        status, _, body = _ask(server.url, path)

    assert status == 404
    assert b"secret" not in body


@pytest.mark.parametrize("path", ["/", "/01.txt", "/01.eml", "/none"])
def test_every_answer_forbids_scripts_and_guessing(folder, path):
    """Errors too."""
    with GalleryServer(folder) as server:
        _, headers, _ = _ask(server.url, path)

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; frame-src 'self'; style-src 'unsafe-inline'; img-src https: data:")
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_the_source_of_a_mail_is_shown_as_text(folder):
    """A browser would offer message/rfc822 for download."""
    with GalleryServer(folder) as server:
        status, headers, body = _ask(server.url, "/01.eml")

    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert body == b"Subject: x\r\n\r\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(folder, method):
    """The server only reads."""
    with GalleryServer(folder) as server:
        assert _ask(server.url, "/01.txt", method)[0] == 501


def test_it_says_nothing_on_the_terminal(folder, capfd):
    """The terminal belongs to the table."""
    with GalleryServer(folder) as server:
        _ask(server.url, "/none")

    assert capfd.readouterr() == ("", "")
