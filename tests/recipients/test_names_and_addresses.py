"""Names and addresses as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipients.addresses import (
    InvalidAddressError,
    NoDomainError,
    SeveralAddressesError,
    delivery_address,
    read_address,
    suggest_domain,
)
from recipients.names import (
    ControlCharacterError,
    EmptyNameError,
    EncodedWordError,
    SeparatorInNameError,
    TooLongError,
    UnusableNameError,
    key,
    tidy_name,
    tidy_note,
)
from recipients.sorting import sort_keys


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("甲局\r\nBcc: x@evil.example", ControlCharacterError),
        ("甲局\nBcc: x@evil.example", ControlCharacterError),
        ("甲\x00局", ControlCharacterError),
        ("甲\x85局", ControlCharacterError),
        ("甲\u2028局", ControlCharacterError),
        ("甲\u202e局", ControlCharacterError),
        ("甲\ud800局", ControlCharacterError),
        ("甲\uffff局", ControlCharacterError),
        ("=?utf-8?q?a=0D=0ABcc:_evil=40x.example?=", EncodedWordError),
        ("甲局 =?utf-8?b?AA==?= 乙", EncodedWordError),
        ("＝？utf-8？q？x？＝", EncodedWordError),
        ("甲" * 201, TooLongError),
        ("㍿" * 100, TooLongError),
        (" \u200b\ufeff ", EmptyNameError),
        ("甲局；乙局", SeparatorInNameError),
    ],
)
def test_a_name_that_could_damage_a_header_is_refused(
    text: str, error: type[UnusableNameError]
) -> None:
    """The message names the text with what cannot be printed escaped."""
    with pytest.raises(error) as caught:
        tidy_name(text)
    assert str(caught.value).isprintable()


def test_names_are_tidied() -> None:
    """Outer blanks, invisible characters and double blanks go; the rest stays as it is typed."""
    assert tidy_name("  云湾市\u200b 财政局\n") == "云湾市 财政局"
    assert tidy_name("Ａ局（预算处）") == "Ａ局（预算处）"
    assert tidy_note(" 一\r\n二\t三 ") == "一\n二 三"


@given(st.text(max_size=40))
def test_a_tidied_name_is_safe_and_stays_as_it_is(text: str) -> None:
    """What passes holds no line end and no encoded word, and passes again unchanged."""
    try:
        name = tidy_name(text)
    except UnusableNameError:
        return
    assert name.splitlines() == [name]
    assert "=?" not in name or "?=" not in name.partition("=?")[2]
    assert tidy_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云湾市（县）财政局", "云湾市(县)财政局"),
        ("云湾市　财政局", "云湾市财政局"),
        ("Ａ区", "a区"),
        ("“三防”办", "'三防'办"),
        ("玉湾・港", "玉湾·港"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    """Blanks, widths, brackets and quotes do not tell two names apart."""
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("text", "written", "normalised"),
    [
        (" Li.Ming@YunWan.Example ", "Li.Ming@YunWan.Example", "li.ming@yunwan.example"),
        ("ｌｉ＠ｙｕｎｗａｎ．ｅｘａｍｐｌｅ", "li@yunwan.example", "li@yunwan.example"),
        ("li@云湾.example", "li@云湾.example", "li@xn--9kq319e.example"),
        ("李明@云湾.example", "李明@云湾.example", "李明@xn--9kq319e.example"),
        ("li@mail.local", "li@mail.local", "li@mail.local"),
        ("li@straße.example", "li@straße.example", "li@xn--strae-oqa.example"),
    ],
)
def test_addresses_are_normalised(text: str, written: str, normalised: str) -> None:
    """The domain becomes its A-label by IDNA 2008; the local part is compared without case."""
    address = read_address(text)
    assert (address.written, address.normalised) == (written, normalised)
    assert address.international == (not normalised.isascii())


def test_the_server_gets_the_local_part_as_it_was_written() -> None:
    """Only the receiving server knows whether capitals matter to it."""
    assert delivery_address("Li@云湾.example", "li@xn--9kq319e.example") == (
        "Li@xn--9kq319e.example"
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("zhangsan", NoDomainError),
        ("zhangsan@", NoDomainError),
        ("zhangsan@gov", NoDomainError),
        ("a@b.example,c@b.example", SeveralAddressesError),
        ("a@b.example c@b.example", SeveralAddressesError),
        ("a@b@c.example", SeveralAddressesError),
        ("张 <a@b.example>", SeveralAddressesError),
        ("a@b.example\r\nRCPT TO:<x@evil.example>", SeveralAddressesError),
        ("@b.example", InvalidAddressError),
        ("a..b@c.example", InvalidAddressError),
        ("a@-b.example", InvalidAddressError),
        ("a" * 65 + "@b.example", InvalidAddressError),
        ("a@" + "b." * 130 + "example", InvalidAddressError),
    ],
)
def test_what_is_no_address_is_refused(text: str, error: type[InvalidAddressError]) -> None:
    """With the reason, and nothing in the message that a terminal would obey."""
    with pytest.raises(error) as caught:
        read_address(text)
    assert type(caught.value) is error
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("qq.con", "qq.com"),
        ("qq.co", "qq.com"),
        ("163.cmo", "163.com"),
        ("gmial.com", "gmail.com"),
        ("yunwan.gov.cm", "yunwan.gov.cn"),
        ("qq.com", None),
        ("126.com", None),
        ("yunwan.example", None),
        ("q.example", None),
    ],
)
def test_slips_of_the_pen_are_noticed(domain: str, meant: str | None) -> None:
    """One slip from a well-known domain, or a mistyped ending; never more than a hint."""
    assert suggest_domain(domain) == meant


def test_sort_keys_are_pinyin() -> None:
    """Readings follow the word (重庆 is chong, not zhong); other letters stay."""
    keys = sort_keys("重庆路A区")
    assert (keys.pinyin, keys.initials) == ("chong qing lu a qu", "cqlaq")
