"""Tokens: bound to one purpose, worthless when touched, fixed in width, valid for as long as a key is."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.tokens import TOKEN_WIDTH, Purpose, Tokens

OURS = Tokens("our key")
NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)
PURPOSES = st.sampled_from(list(Purpose))
ALPHABET = string.ascii_letters + string.digits + "-_"


@given(PURPOSES, NUMBERS)
def test_a_token_gives_back_its_number_for_its_purpose_only(purpose, number):
    """A leave link must never open somebody's preferences."""
    token = OURS.make(purpose, number)

    read = {each: OURS.read(each, token) for each in Purpose}

    assert read == {each: number if each is purpose else None for each in Purpose}


@given(PURPOSES, NUMBERS)
def test_a_token_is_fixed_in_width_and_needs_no_escaping(purpose, number):
    """The splicer knows the sizes of links before it knows the reader."""
    token = OURS.make(purpose, number)

    assert len(token) == TOKEN_WIDTH == 32
    assert set(token) <= set(ALPHABET)
    assert token[-1].isalnum(), "some mail programs leave punctuation at the end out of a link"


@pytest.mark.parametrize("place", range(TOKEN_WIDTH))
def test_a_token_with_one_character_changed_is_worthless(place):
    """Every other character at every place."""
    token = OURS.make(Purpose.LEAVE, 7)

    for other in set(ALPHABET) - {token[place]}:
        assert OURS.read(Purpose.LEAVE, token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize("length", range(TOKEN_WIDTH))
def test_a_token_cut_short_is_worthless(length):
    """Some mail programs break long links."""
    assert OURS.read(Purpose.LEAVE, OURS.make(Purpose.LEAVE, 7)[:length]) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token + "A", id="one more"),
        pytest.param(lambda token: token + "====", id="padding"),
        pytest.param(lambda token: token + "\n", id="line end"),
        pytest.param(lambda token: " " + token, id="blank before"),
        pytest.param(lambda token: token.replace(token[0], "é", 1), id="not ASCII"),
        pytest.param(lambda token: token.replace(token[0], "\x00", 1), id="null"),
        pytest.param(lambda token: token + token, id="twice"),
        pytest.param(lambda token: token.swapcase(), id="other case"),
        pytest.param(lambda token: token[:11] + OURS.make(Purpose.LEAVE, 8)[11:], id="number and MAC of two"),
        pytest.param(lambda token: "", id="nothing"),
    ],
)
def test_a_token_that_was_touched_is_worthless(change):
    """What scanners, mail programs and the curious make of a link."""
    assert OURS.read(Purpose.LEAVE, change(OURS.make(Purpose.LEAVE, 7))) is None


@given(
    st.text(max_size=64) | st.binary(min_size=24, max_size=24).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_what_we_did_not_make_is_worthless_and_no_accident(text):
    """Anything may stand in an address; the answer is no, not a stack trace."""
    assert OURS.read(Purpose.VIEW, text) is None


@given(NUMBERS)
def test_another_installations_token_is_worthless(number):
    """Keys are what tells installations apart."""
    assert OURS.read(Purpose.LEAVE, Tokens("their key").make(Purpose.LEAVE, number)) is None


@given(PURPOSES, NUMBERS)
def test_the_links_in_old_mails_work_after_the_key_was_changed(purpose, number):
    """A leave link must work years later (RFC 8058 §3.1); new ones are made with the new key."""
    after = Tokens("new key", "our key")

    assert after.read(purpose, OURS.make(purpose, number)) == number
    assert after.read(purpose, after.make(purpose, number)) == number
    assert after.make(purpose, number) == Tokens("new key").make(purpose, number)
    assert Tokens("new key").read(purpose, OURS.make(purpose, number)) is None


@given(PURPOSES, NUMBERS)
def test_what_was_begun_with_a_key_is_ended_with_it(purpose, number):
    """After a rotation the key is named by its id; one that is gone makes nothing."""
    after = Tokens("new key", "our key")
    begun = after.with_key(OURS.key_id)

    assert begun is not None
    assert begun.key_id == OURS.key_id != after.key_id
    assert begun.make(purpose, number) == OURS.make(purpose, number)
    assert begun.derive("message-id", number) == OURS.derive("message-id", number)
    assert begun.read(purpose, after.make(purpose, number)) == number
    assert after.key_ids == {OURS.key_id, Tokens("new key").key_id}
    assert after.with_key(Tokens("lost key").key_id) is None


def test_a_key_id_is_told_from_others_and_is_no_key():
    """It stands in the database, which backups leave the house with."""
    ids = {Tokens(f"key {n}").key_id for n in range(1000)}

    assert len(ids) == 1000
    assert Tokens(OURS.key_id).make(Purpose.LEAVE, 1) != OURS.make(Purpose.LEAVE, 1)


def test_without_a_key_nothing_is_signed():
    """An empty key would sign for everybody."""
    with pytest.raises(ValueError, match="signing key"):
        Tokens("")


def test_an_empty_previous_key_verifies_nothing():
    """Not set is not a key."""
    blank = Tokens("our key", "")

    assert blank.read(Purpose.LEAVE, Tokens("\x00").make(Purpose.LEAVE, 1)) is None


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_that_is_no_id_is_refused(number):
    """Ids are counted from 1 in 63 bits."""
    with pytest.raises(OverflowError):
        OURS.make(Purpose.LEAVE, number)


def test_keys_of_any_length_and_script_sign():
    """BLAKE2b takes 64 bytes at most; what is longer still counts whole."""
    keys = ["x" * 32, "x" * 100, "x" * 100 + "y", "열쇠" * 16]

    tokens = {Tokens(key).make(Purpose.LEAVE, 1) for key in keys}

    assert len(tokens) == len(keys)


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_derived_values_differ_when_their_parts_do(one, other):
    """Message-IDs are told apart by their parts; the separator is a control character, which no part of ours has."""
    first, second = OURS.derive("message-id", *one), OURS.derive("message-id", *other)

    same = "\x1f".join(one) == "\x1f".join(other)
    assert (first == second) is same
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")
    assert first != OURS.derive("boundary", *one)
    assert first != Tokens("their key").derive("message-id", *one)
