"""Stored passwords and secrets."""

import subprocess
import sys

import pytest
from argon2 import PasswordHasher

from hms_web.services import passwords
from tests.servers import ROOT

STORED = passwords.hash_password("correct horse ü")


def test_the_right_password_is_right() -> None:
    assert STORED.startswith("$argon2id$")
    assert passwords.is_right(STORED, "correct horse ü")
    assert passwords.is_right(STORED, "correct horse u\u0308")


@pytest.mark.parametrize("password", ["", "correct horse", "x" * 200, "nul\0", "half \ud800"])
def test_any_other_password_is_wrong(password: str) -> None:
    assert not passwords.is_right(STORED, password)


def test_without_a_password_nothing_is_right() -> None:
    assert not passwords.is_right(None, "")
    assert not passwords.is_right(None, "correct horse ü")


def test_what_is_no_hash_is_never_right() -> None:
    assert not passwords.is_right("plain text", "plain text")


def test_too_long_or_unstorable_words_are_not_the_empty_password() -> None:
    empty = passwords.hash_password("")
    assert passwords.is_right(empty, "")
    assert not passwords.is_right(empty, "x" * 200)
    assert not passwords.is_right(empty, "nul\0")


def test_a_hash_of_weaker_settings_is_outdated() -> None:
    assert not passwords.is_outdated(STORED)
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


def test_the_products_own_settings_are_slow_enough_for_whoever_guesses() -> None:
    asked = "from hms_web.services import passwords; print(passwords.hash_password('correct horse'))"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert said.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_secrets_are_long_different_and_kept_as_a_hash() -> None:
    first, second = passwords.new_secret(), passwords.new_secret()
    assert first != second
    assert len(first) >= 43
    assert passwords.secret_hash(first) != passwords.secret_hash(second)
    assert len(passwords.secret_hash("\ud800")) == 64
