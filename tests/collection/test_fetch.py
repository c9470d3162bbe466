"""The guarded door: what it refuses, and what it brings back."""

import gzip
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from digest.collection.addresses import is_disguised, why_forbidden
from digest.collection.fetch import FetchLimits, fetch
from digest.collection.links import without_login
from digest.errors import FetchRefused

FORBIDDEN = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::", "3ffe::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2600:db8::5efe:10.0.0.1", "2600:db8::200:5efe:127.0.0.1", "localhost", "example.org", "127.1", "0x7f.0.0.1"]  # fmt: skip
ALLOWED = [
    "8.8.8.8",
    "1.1.1.1",
    "100.63.255.255",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.1.1",
    "198.17.0.1",
    "223.255.255.255",
    "2606:4700::1",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_of_the_open_net_is_forbidden(address):
    """Own networks, metadata services, and every form that hides an IPv4 address."""
    assert why_forbidden(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_an_address_of_the_open_net_is_allowed(address):
    """Neighbours of forbidden blocks among them."""
    assert why_forbidden(address) == ""


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "fe80::1", "ff02::1", "::ffff:127.0.0.1"]
)
def test_reading_the_own_network_never_means_its_metadata_service(address):
    """allow_private lets in private addresses, nothing else."""
    assert why_forbidden(address, allow_private=True)
    assert why_forbidden("10.0.0.1", allow_private=True) == ""


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.01", "0x7f.1", "1.2.3.4.5", "256.1.1.1", "08.8.8.8"],
)
def test_a_number_in_disguise_is_known(host):
    """Decimal, octal and hexadecimal forms that a system resolver might read."""
    assert is_disguised(host)
    assert not is_disguised("127.0.0.1")
    assert not is_disguised("example.org")


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "http://",
     "http://user@example.org/", "http://user:pw@example.org/", "http://example.org:25/", "http://example.org:8080/",
     "http://example.org:0/", "http://example.org:99999/", "http://2130706433/", "http://0x7f.1/", "http://0177.1/",
     "http://①②⑦.⓪.⓪.①/", "http://exa mple.org/", "http://example.org\\@127.0.0.1/", "http://%6c%6fcalhost/",
     "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://127.0.0.1/", "http://127.0.0.1./",
     "http://\u0000/", "http://example.org/\r\nX: y", "http://" + "a" * 3000 + "/", "http://-.-/"],
)  # fmt: skip
def test_an_address_of_a_forbidden_form_is_refused_before_anything_is_asked(url):
    """In one line of words, whatever the resolver would say."""
    with pytest.raises(FetchRefused) as refused:
        fetch(url, resolve=lambda _host, _port: ["127.0.0.1"])

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["2606:4700::1", "::1"], []], ids=str)
def test_one_forbidden_address_of_a_name_is_enough_to_refuse_it(addresses):
    """A name server may answer with several."""
    with pytest.raises(FetchRefused):
        fetch("https://news.example.org/", resolve=lambda _host, _port: addresses)


class Site(BaseHTTPRequestHandler):
    """A small site with good pages and bad ones."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """Answer by path."""
        self.server.asked.append((self.path, dict(self.headers)))
        getattr(self, "page_" + self.path.strip("/").partition("?")[0].partition("/")[0])()

    def answer(self, body=b"", status=200, **headers):
        """Send one whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def page_feed(self):
        if self.headers.get("If-None-Match") == '"v1"' or self.headers.get("If-Modified-Since"):
            self.answer(status=304)
        else:
            self.answer(
                b"<rss/>",
                Content_Type='application/rss+xml; charset="UTF-8"',
                ETag='"v1"',
                Last_Modified="Fri, 20 Nov 2026 08:00:00 GMT",
            )

    def page_gzip(self):
        self.answer(gzip.compress(b"words " * 1000), Content_Encoding="gzip")

    def page_raw(self):
        packer = zlib.compressobj(wbits=-15)
        self.answer(packer.compress(b"words " * 10) + packer.flush(), Content_Encoding="deflate")

    def page_torn(self):
        self.answer(b"this is not gzip", Content_Encoding="gzip")

    def page_half(self):
        self.answer(gzip.compress(bytes(range(256)) * 100)[:150], Content_Encoding="gzip")

    def page_two(self):
        self.answer(gzip.compress(b"one ") + gzip.compress(b"two"), Content_Encoding="gzip")

    def page_brotli(self):
        self.answer(b"\x00", Content_Encoding="br")

    def page_bomb(self):
        self.answer(gzip.compress(b"\x00" * 4_000_000), Content_Encoding="gzip")

    def page_large(self):
        self.answer(b"a" * 300_000)

    def page_endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"a" * 65536)
        except OSError:
            self.close_connection = True

    def page_drip(self):
        try:
            for _ in range(200):
                self.wfile.write(b"H")
                time.sleep(0.02)
        except OSError:
            pass
        self.close_connection = True

    def page_missing(self):
        self.answer(status=404)

    def page_once(self):
        self.answer(status=302, Location="/feed")

    def page_loop(self):
        self.answer(status=301, Location="/loop")

    def page_nowhere(self):
        self.answer(status=302)

    def page_inside(self):
        self.answer(status=302, Location="http://169.254.169.254/latest/meta-data/")

    def page_script(self):
        self.answer(status=302, Location="javascript:alert(1)")

    def page_away(self):
        self.answer(status=307, Location=f"http://second.example.org:{self.server.server_port}/feed")


@pytest.fixture(scope="module")
def site():
    """A running site on this machine; `asked` holds its requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def url(site, path, host="127.0.0.1"):
    """The address of *path* on the test site."""
    return f"http://{host}:{site.server_port}/{path}"


def test_a_feed_comes_back_with_what_the_next_visit_needs(site):
    """Type, charset, ETag and Last-Modified."""
    got = fetch(url(site, "feed"), allow_private=True)

    assert (got.status, got.body, got.content_type, got.charset) == (200, b"<rss/>", "application/rss+xml", "UTF-8")
    assert (got.etag, got.last_modified) == ('"v1"', "Fri, 20 Nov 2026 08:00:00 GMT")


@pytest.mark.parametrize("known", [{"etag": '"v1"'}, {"last_modified": "Fri, 20 Nov 2026 08:00:00 GMT"}], ids=str)
def test_a_source_with_nothing_new_says_so(site, known):
    """RFC 9110 section 13: conditions in, 304 out."""
    got = fetch(url(site, "feed"), allow_private=True, **known)

    assert got.not_modified
    assert got.body == b""


def test_an_etag_cannot_smuggle_a_header_into_the_request(site):
    """It once came from that server, so it is as hostile as any text."""
    fetch(url(site, "feed"), allow_private=True, etag='"x"\r\nX-Evil: 1')

    assert "X-Evil" not in site.asked[-1][1]


def test_the_connection_goes_to_the_checked_address_and_the_host_name_stays(site):
    """So a second answer of the name server is never asked for."""
    answers = []

    def rebinding(host, port):
        answers.append(host)
        return ["127.0.0.1"] if len(answers) == 1 else ["169.254.169.254"]

    got = fetch(url(site, "feed", "news.example.org"), allow_private=True, resolve=rebinding)

    assert got.status == 200
    assert answers == ["news.example.org"]
    assert site.asked[-1][1]["Host"] == f"news.example.org:{site.server_port}"


def test_every_hop_of_a_redirect_is_checked_again(site):
    """The second name may lead somewhere else than the first."""
    book = {"first.example.org": ["127.0.0.1"], "second.example.org": ["169.254.169.254"]}

    with pytest.raises(FetchRefused, match=r"second\.example\.org"):
        fetch(url(site, "away", "first.example.org"), allow_private=True, resolve=lambda host, _port: book[host])


def test_a_redirect_is_followed_to_where_it_leads(site):
    """And the answer names the last address."""
    assert fetch(url(site, "once"), allow_private=True).url == url(site, "feed")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("loop", "redirects more than 5"),
        ("nowhere", "redirects to nowhere"),
        ("inside", "169.254.169.254"),
        ("script", "not a web address"),
        ("missing", "answered 404"),
        ("torn", "not compressed"),
        ("brotli", "coding"),
        ("bomb", "times its size"),
        ("large", "larger than"),
        ("endless", "larger than"),
    ],
)
def test_a_bad_answer_is_refused_in_words(site, path, reason):
    """The rest of the sources goes on."""
    limits = FetchLimits(max_bytes=5_000_000 if path == "bomb" else 200_000)
    with pytest.raises(FetchRefused, match=reason):
        fetch(url(site, path), allow_private=True, limits=limits)


def test_a_server_that_drips_is_left_after_the_total_time(site):
    """One byte now and then keeps every single read alive."""
    begun = time.monotonic()
    with pytest.raises(FetchRefused, match="too long"):
        fetch(url(site, "drip"), allow_private=True, limits=FetchLimits(total=0.4))

    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(("path", "body"), [("gzip", b"words " * 1000), ("raw", b"words " * 10), ("two", b"one two")])
def test_a_compressed_answer_is_unfolded(site, path, body):
    """With the zlib wrapper, and without it as some servers send it."""
    assert fetch(url(site, path), allow_private=True).body == body


def test_a_compressed_answer_that_breaks_off_is_not_taken_for_whole(site):
    """A server that ends the body by closing says nothing of its length; the coding knows its own end."""
    with pytest.raises(FetchRefused, match="broke off"):
        fetch(url(site, "half"), allow_private=True)


def test_a_name_without_an_address_is_refused_in_words():
    """The message says what to check."""

    def nothing(host, port):
        raise OSError("no such name")

    with pytest.raises(FetchRefused, match="check the name"):
        fetch("https://news.example.org/", resolve=nothing)


@pytest.mark.parametrize(
    "address",
    [
        "https://anna:hunter2@press.example.org/feed",
        "HTTPS://anna:hunter2@press.example.org:8443/feed",
        "https://anna:hun/ter2@press.example.org/feed",
        "https://anna:hunter2@[press/feed",
        "https:\\\\anna:hunter2@press.example.org",
        "https://hunter2@press.example.org/feed?x=1#y",
    ],
)
def test_a_password_in_an_address_is_never_told(address):
    """What is refused stands in logs and tables, which more people read than may know it."""
    with pytest.raises(FetchRefused) as refused:
        fetch(address)

    assert "ter2" not in str(refused.value)
    assert "press" in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["https://press.example.org/@anna", "http://press.example.org:8080/a@b?c=d@e", "https://press.example.org/a:b@c"],
)
def test_an_address_without_a_password_is_told_as_it_is(address):
    """An "@" in the path is no user name."""
    assert without_login(address) == address
