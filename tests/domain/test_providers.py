"""Addresses of providers: their shape, and how little of them is shown."""

import pytest

from hms_web.domain.providers import addressed, asks_for_tls, dialled, masked, url_mistake


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC1:token@+15550001111/{to}",
        "mailtos://user:password@mail.example.org?to={to}",
        "jsons://gateway.example.org/send?:to={to}",
        "  JSON://127.0.0.1:8080/send?:to={to} ",
    ],
)
def test_an_address_that_may_be_tried(url: str) -> None:
    assert url_mistake(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Fill this in."),
        ("x" * 1001, "at most 1000"),
        ("json://a\n{to}", "can be printed"),
        ("gateway.example.org/{to}", "Write an address like"),
        ("json:///{to}", "Write an address like"),
        ("syslog://localhost/{to}", "reaches nobody else"),
        ("DBUS://x/{to}", "reaches nobody else"),
        ("json://gateway.example.org", "Put {to} where"),
    ],
)
def test_an_address_that_cannot_be_one(url: str, words: str) -> None:
    assert words in (url_mistake(url) or "")


@pytest.mark.parametrize(
    ("url", "is_encrypted"),
    [
        ("jsons://gateway.test/{to}", True),
        ("json://gateway.test/{to}", False),
        ("JSON://gateway.test/{to}", False),
        ("mailtos://u:p@mail.test?to={to}", True),
        ("mailto://u:p@mail.test?to={to}", False),
        ("twilio://AC1:secret@x/{to}", True),
        ("json://[/{to}", True),
    ],
)
def test_an_address_says_whether_it_asks_for_tls(url: str, is_encrypted: bool) -> None:  # noqa: FBT001
    assert asks_for_tls(url) is is_encrypted


def test_only_its_beginning_is_shown() -> None:
    assert masked("twilio://AC1:secret@x/{to}") == "twilio://••••"


def test_a_recipient_cannot_change_an_address() -> None:
    url = addressed("json://a/send?:to={to}&:from=x", "+91 98&:from=y/../#")
    assert url == "json://a/send?:to=%2B91%2098%26%3Afrom%3Dy%2F..%2F%23&:from=x"


@pytest.mark.parametrize(
    ("written", "digits"),
    [("+91 98765-43210", "+919876543210"), ("(098) 765", "098765"), ("98+7", "987"), ("", "")],
)
def test_a_number_as_it_is_dialled(written: str, digits: str) -> None:
    assert dialled(written) == digits
