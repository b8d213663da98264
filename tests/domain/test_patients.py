"""What a patient record may say, and what a search for patients means."""

from datetime import date

import pytest

from hms_web.domain.patients import (
    SearchWord,
    age_on,
    birth_mistake,
    digits_of,
    given_mrn,
    mrn_mistake,
    phone_mistake,
    same_phone_ending,
    search_words,
)

TODAY = date(2026, 3, 2)


def test_only_the_ten_digits_are_digits() -> None:
    assert digits_of("+91 (98) 765-43") == "919876543"
    assert digits_of("٣²x") == ""


@pytest.mark.parametrize("phone", [None, "12345", "+91 98765 43210", "(022) 555-0100", "1" * 20])
def test_phone_numbers_that_are_taken(phone: str | None) -> None:
    assert phone_mistake(phone) is None


@pytest.mark.parametrize(
    "phone", ["", "1234", "+ 1 2 3 4", "1" * 21, "98765x", "98765.43210", "٣٣٣٣٣", "12345\n", "12345\0"]
)
def test_phone_numbers_that_are_refused(phone: str) -> None:
    assert phone_mistake(phone)


@pytest.mark.parametrize("born", [None, date(1900, 1, 1), date(1980, 5, 5), TODAY])
def test_birth_dates_that_are_taken(born: date | None) -> None:
    assert birth_mistake(born, TODAY) is None


def test_birth_dates_that_are_refused_say_why() -> None:
    assert "future" in str(birth_mistake(date(2026, 3, 3), TODAY))
    assert "1900" in str(birth_mistake(date(1899, 12, 31), TODAY))


def test_patient_numbers() -> None:
    assert mrn_mistake(None) is None
    assert mrn_mistake("C1-000123") is None
    assert mrn_mistake("x" * 32) is None
    assert mrn_mistake("x" * 33)
    assert mrn_mistake(" ")
    assert mrn_mistake("1\0")
    assert given_mrn(7) == "000007"
    assert given_mrn(1_234_567) == "1234567"


@pytest.mark.parametrize(
    ("day", "age"), [(date(2026, 3, 1), 25), (date(2026, 3, 2), 26), (date(2026, 2, 28), 25), (date(2026, 4, 1), 26)]
)
def test_an_age_is_in_completed_years(day: date, age: int) -> None:
    assert age_on(day, date(2000, 3, 2)) == age


def test_who_was_born_on_29_february_is_older_on_1_march() -> None:
    assert age_on(date(2025, 2, 28), date(2000, 2, 29)) == 24
    assert age_on(date(2025, 3, 1), date(2000, 2, 29)) == 25


def test_phone_numbers_are_the_same_by_their_ending() -> None:
    assert same_phone_ending("+91 98765 43210") == same_phone_ending("098765-43210") == "876543210"
    assert same_phone_ending("555 01") == "55501"
    assert same_phone_ending("12") == same_phone_ending("") == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", []),
        ("Asha", [("Asha", "")]),
        ("asha 98", [("asha", ""), ("98", "98")]),
        ("98765 43210", [("9876543210", "876543210")]),
        ("asha +91 98765 43210 rao", [("asha", ""), ("+919876543210", "876543210"), ("rao", "")]),
        ("0987654321", [("0987654321", "987654321")]),
        ("123456789", [("123456789", "123456789")]),
        ("- ( +", []),
        ("12 - 34", [("12", "12"), ("34", "34")]),
        ("C1-00012", [("C1-00012", "")]),
    ],
)
def test_words_of_a_search(typed: str, words: list[tuple[str, str]]) -> None:
    assert [(word.text, word.digits) for word in search_words(typed)] == words


def test_a_word_is_a_name_or_digits() -> None:
    assert SearchWord("asha").is_name
    assert not SearchWord("98", "98").is_name
    assert SearchWord("C1").has_digit
    assert not SearchWord("asha").has_digit


@pytest.mark.parametrize(
    ("word", "is_short"),
    [
        (SearchWord("as"), True),
        (SearchWord("ash"), False),
        (SearchWord("+9-8", "98"), True),
        (SearchWord("987", "987"), False),
    ],
)
def test_short_words(word: SearchWord, is_short: bool) -> None:  # noqa: FBT001
    assert word.is_short is is_short


def test_spellings_swap_neighbours_in_words_of_four_to_eight_letters() -> None:
    assert SearchWord("jhon").spellings == ["jhon", "hjon", "john", "jhno"]
    assert SearchWord("aana").spellings == ["aana", "anaa", "aaan"]
    assert SearchWord("ann").spellings == ["ann"]
    assert len(SearchWord("abcdefgh").spellings) == 8
    assert SearchWord("abcdefghi").spellings == ["abcdefghi"]
    assert SearchWord("o'ne").spellings == ["o'ne"]
