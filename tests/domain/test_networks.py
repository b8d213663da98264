"""Which addresses lie inside."""

import pytest

from hms_web.domain.networks import is_inside
from hms_web.domain.providers import host_of, is_mail

LOCAL = "127.0.0.1 127.9.9.9 0.0.0.0 ::1 :: nonsense localhost"
PRIVATE = "10.0.0.1 172.16.0.1 192.168.1.1 fd00:ec2::254 fec0::1 192.0.2.1"
LINK = "169.254.169.254 100.100.100.200 fe80::1 fe80::1%eth0"
MANY = "224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 ff02::1"
DISGUISED = "::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::a00:1 2002:7f00:1::"
INSIDE = f"{LOCAL} {PRIVATE} {LINK} {MANY} {DISGUISED}".split()


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert is_inside(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"])
def test_outside(address: str) -> None:
    assert not is_inside(address)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("json://10.0.0.1/{to}", "10.0.0.1"),
        (" JSONS://u:p@Gateway.Test:8443/send?:to={to}", "gateway.test"),
        ("form://[::1]:8080/{to}", "::1"),
        ("forms://x/{to}", "x"),
        ("xmls://127.1/{to}", "127.1"),
        ("twilio://AC1:token@+15550001111/{to}", None),
        ("slack://token/{to}", None),
        ("mailtos://u:p@mail.test?to={to}", None),
        ("json://[::1/{to}", None),
        ("json:///{to}", None),
    ],
)
def test_whose_host_is_called(url: str, host: str | None) -> None:
    assert host_of(url) == host


def test_mail_is_known_by_its_beginning() -> None:
    assert is_mail("mailtos://u:p@10.0.0.1?to={to}")
    assert not is_mail("json://10.0.0.1/{to}")
    assert not is_mail("json://[")
