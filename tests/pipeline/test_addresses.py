"""Addresses: which are mailboxes, and which of them are the same one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.pipeline.addresses import AddressReader, _validated, address_hash, read_address


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param('"a@b c"@example.org', id="quoted local part"),
        pytest.param('"x@other.example"@example.org', id="at sign in quotes"),
        pytest.param("kim(comment)@example.org", id="comment"),
        pytest.param("@relay.example.org:kim@example.org", id="source route"),
        pytest.param("kim@example.org>,<lee@example.org", id="second address"),
        pytest.param("kim@example.org\r\nBcc: lee@example.org", id="header injection"),
        pytest.param("kim\0@example.org", id="NUL"),
        pytest.param("Kim <kim@example.org>", id="display name"),
        pytest.param("kim@[192.0.2.1]", id="address literal"),
        pytest.param("kim@localhost", id="no domain"),
        pytest.param("kim..lee@example.org", id="two dots"),
        pytest.param(f"{'k' * 65}@example.org", id="local part above 64"),
        pytest.param(f"kim@{'.'.join(['x' * 60] * 5)}.org", id="above 254"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_mailbox_is_refused_with_a_reason(hostile: str):
    """One line of words, never a crash."""
    with pytest.raises(BadInput) as caught:
        read_address(hostile)

    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("Kim@Example.ORG", "kim@example.org", True, id="case"),
        pytest.param("kim@bücher.example", "kim@xn--bcher-kva.example", True, id="IDNA"),
        pytest.param("kim@BÜCHER.example", "kim@bücher.example", True, id="IDNA case"),
        pytest.param("k.im@example.org", "kim@example.org", False, id="dots are not ours to strip"),
        pytest.param("kim+a@example.org", "kim@example.org", False, id="nor are tags"),
    ],
)
def test_two_spellings_of_one_mailbox_have_one_key(one: str, other: str, same: bool):
    """Case and IDNA do not make another mailbox; dots and tags do."""
    assert (read_address(one).key == read_address(other).key) is same


_locals = st.text("abcXYZ019.+-_'=é한", min_size=1, max_size=70)
_domains = st.sampled_from(["example.org", "EXAMPLE.net", "bücher.example", "xn--bcher-kva.example", "a..b", "x.test"])


@settings(max_examples=300, deadline=None)
@given(_locals, _domains)
def test_the_quick_way_reads_addresses_as_the_thorough_one_does(local: str, domain: str):
    """Law: remembering domains changes nothing but the time; a normalised address is its own normal form."""
    reader, text = AddressReader(), f"{local}@{domain}"
    try:
        expected = _validated(text)
    except BadInput:
        with pytest.raises(BadInput):
            reader.read(text)
        return

    assert reader.read(text) == reader.read(text) == expected
    assert reader.read(expected.address) == expected
    assert reader.read(expected.key).key == expected.key


def test_what_is_kept_of_an_erased_address_depends_on_the_secret():
    """Without the key nobody can try addresses against the hashes."""
    assert address_hash("a" * 32, "kim@example.org") != address_hash("b" * 32, "kim@example.org")
    assert len(address_hash("a" * 32, "kim@example.org")) == 64


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("no address", "'no address' is no e-mail address: an address must have an @-sign", id="none"),
        pytest.param("a@b", "'a@b' is no e-mail address: the part after the @-sign is not valid; it", id="a domain"),
        pytest.param("x" * 500, f"'{'x' * 80}…' is no e-mail address", id="a long text"),
    ],
)
def test_what_is_no_mailbox_is_named_with_the_reason(text: str, says: str):
    """So that whoever reads the report of an import finds the cell."""
    with pytest.raises(BadInput) as refused:
        read_address(text)

    assert str(refused.value).startswith(says)
    assert not str(refused.value).endswith(".")
