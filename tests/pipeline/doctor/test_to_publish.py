"""The records to copy into a zone."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from digest.delivery.dkim import Signer
from digest.delivery.names import read_spf
from digest.pipeline.doctor.sender import Published, sender_checks
from digest.pipeline.doctor.to_publish import Record, records_for
from digest.pipeline.doctor.verdict import Verdict
from tests.delivery.zone import Zone

KEY = Signer("press.net", "d1", generate_private_key(65537, 2048))
PUBLISHED = [Published("press.net", KEY.record_name(), KEY.record)]


def records() -> list[Record]:
    found = records_for(
        "press.net", return_domain="bounce.press.net", published=PUBLISHED, relay_host="out.press.net",
        reports_to="dmarc@press.net",
    )  # fmt: skip
    return list(found)


def test_records_as_printed_satisfy_the_checks():
    """Published as they are, with the mailbox server filled in, everything about the sender is right."""
    zone = {(each.kind, each.name): [each.value] for each in records()}
    zone |= {(kind, name): ["10 mx.press.net"] for kind, name in zone if kind == "MX"}
    zone |= {("A", name): ["8.8.8.8"] for name in ("mx.press.net", "out.press.net")}
    zone |= {("PTR", "8.8.8.8"): ["out.press.net"]}
    found = sender_checks(
        Zone(zone), "press.net", return_domain="bounce.press.net", published=PUBLISHED, relay_host="out.press.net"
    )

    assert [each for _, check in found for each in check() if each.verdict is not Verdict.OK] == []
    assert read_spf(Zone(zone), "bounce.press.net").lookups == 1


def test_a_long_key_is_cut_as_a_zone_file_wants_it():
    """Strings of at most 255 characters that say the same when they are put together."""
    line = str(next(each for each in records() if "_domainkey" in each.name))
    name, kind, *strings = line.split('"')

    assert (name, kind[:10]) == ("d1._domainkey.press.net. TXT ", "v=DKIM1; k")
    assert max(map(len, strings)) <= 255
    assert "".join([kind, *strings]).replace('" "', "").replace(" ", "") == KEY.record.replace(" ", "")
