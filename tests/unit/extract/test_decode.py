from __future__ import annotations

import codecs
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.errors import FileProblem
from semsearch.extract.decode import decode

GERMAN = "Über die Größe der Häuser wundert sich die Straße. " * 4
RUSSIAN = "Привет, это обычный русский текст для проверки кодировки. " * 4
JAPANESE = "これはテストです。日本語の文章をここに書きます。" * 4


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_names_the_encoding_and_is_dropped(mark: bytes, codec: str) -> None:
    decoded = decode(mark + GERMAN.encode(codec))
    assert decoded.text == GERMAN
    assert decoded.encoding == codec


def test_utf32_is_not_taken_for_utf16_although_their_marks_begin_alike() -> None:
    assert decode(codecs.BOM_UTF32_LE + "ab".encode("utf-32-le")).text == "ab"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised(codec: str) -> None:
    assert decode(GERMAN.encode(codec)).text == GERMAN


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (GERMAN, "latin-1"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
    ],
)
def test_other_encodings_are_detected(text: str, codec: str) -> None:
    decoded = decode(text.encode(codec))
    assert decoded.text == text
    assert decoded.warnings


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Déjà vu à Genève", "cp1252"),
        ("Grüße aus Köln", "cp1252"),
        ("It’s Bob’s note – naïve, isn’t it?", "cp1252"),
        ("Prix : 25 € la pièce", "cp1252"),
        ("¿Dónde está el niño?", "cp1252"),
        ("да, но я и ты", "cp1251"),
        ("Zażółć gęślą jaźń i wróć do domu, proszę bardzo", "cp1250"),
        ("Bugün hava çok güzel, güneş ışıl ışıl parlıyor", "cp1254"),
        ("Καλημέρα κόσμε", "cp1253"),
    ],
)
def test_a_note_of_one_line_is_read_in_its_own_alphabet(text: str, codec: str) -> None:
    assert decode(text.encode(codec)).text == text


def test_a_declared_encoding_is_believed_when_it_fits() -> None:
    source = "# -*- coding: iso-8859-15 -*-\nprice = '5 \N{EURO SIGN}'\n"
    decoded = decode(source.encode("iso-8859-15"))
    assert decoded.text == source
    assert decoded.encoding == "iso8859-15"


@pytest.mark.parametrize("name", ["rot13", "idna", "punycode", "unicode_escape", "no-such-codec"])
def test_a_declared_codec_that_is_no_text_encoding_is_ignored(name: str) -> None:
    source = f"<meta charset={name}>".encode() + GERMAN.encode("latin-1")
    assert decode(source).text.endswith(GERMAN)


def test_a_wrong_declaration_does_not_stop_the_detection() -> None:
    source = b"<meta charset=euc-jp>\n" + GERMAN.encode("latin-1")
    assert decode(source).text.endswith(GERMAN)


def test_a_few_damaged_bytes_leave_utf8_what_it_is() -> None:
    data = bytearray(RUSSIAN.encode())
    data[41] = 0xFF
    decoded = decode(bytes(data))
    assert decoded.encoding == "utf-8"
    assert decoded.text.endswith(RUSSIAN[30:])
    assert any("damaged" in warning for warning in decoded.warnings)


def test_line_ends_stay_as_they_are() -> None:
    assert decode(b"a\r\nb\rc\nd").text == "a\r\nb\rc\nd"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        b"\x7fELF\x02\x01\x01\x00" + bytes(64),
        b"text and then\x00a NUL",
    ],
)
def test_nul_bytes_mean_binary(data: bytes) -> None:
    with pytest.raises(FileProblem) as caught:
        decode(data)
    assert caught.value.reason == "binary"


def test_random_bytes_are_refused_even_without_a_nul() -> None:
    generator = random.Random(7)
    data = bytes(generator.randrange(1, 256) for _ in range(4000))
    with pytest.raises(FileProblem) as caught:
        decode(data)
    assert caught.value.reason in {"binary", "not text"}


def test_control_codes_are_refused_although_they_decode() -> None:
    with pytest.raises(FileProblem) as caught:
        decode(b"\x01\x02\x03\x04abc" * 50)
    assert caught.value.reason == "binary"


def test_broken_utf16_is_not_text() -> None:
    with pytest.raises(FileProblem) as caught:
        decode(codecs.BOM_UTF16_LE + b"\x00\xd8" * 100)
    assert caught.value.reason == "not text"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_every_utf8_text_comes_back_unchanged(text: str) -> None:
    assert decode(text.encode()).text == text.removeprefix("\ufeff")


@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_file_problem(data: bytes) -> None:
    try:
        decoded = decode(data or b"x")
    except FileProblem as problem:
        assert problem.reason in {"binary", "not text"}  # noqa: PT017
    else:
        assert isinstance(decoded.text, str)
