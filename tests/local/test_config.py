"""Settings: normalised, frozen, and refused with one sentence that names the setting."""

from pathlib import Path

import pytest

from hms_web.app import create_app, without_tls
from hms_web.config import SETTING_NAMES, ConfigError, Environment, Settings
from tests.servers import ROOT

SECRET = {"SECRET_KEY": "long enough to be a secret", "HMS_TRUSTED_HOSTS": "desk.test"}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_the_same(scheme: str) -> None:
    settings = Settings.from_env({**SECRET, "DATABASE_URL": f"{scheme}://somebody@somewhere/hms"})
    assert settings.database_url == "postgresql://somebody@somewhere/hms"


def test_what_is_not_given_has_its_default() -> None:
    settings = Settings.from_env(SECRET)
    assert (settings.env, settings.host, settings.port) == (Environment.PRODUCTION, "127.0.0.1", 8000)
    assert (settings.database_url, settings.redis_url, settings.cron_api_keys) == (None, None, ())
    assert settings.data_dir == Path.cwd() / "var"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HMS_ENV", "staging"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "hms.db"),
        ("REDIS_URL", "localhost:6379"),
        ("HMS_PORT", "0"),
        ("HMS_PORT", "65536"),
        ("HMS_PORT", "web"),
        ("HMS_TRUSTED_PROXIES", "-1"),
        ("SECRET_KEY", "short"),
        ("CRON_API_KEY", "short"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_ALLOW", "10.0.0.0/8, somewhere"),
        ("CRON_API_KEY", "long enough to be a key,short"),
        ("CRON_API_KEY", "the first of three keys,the second of three keys,the third of three keys"),
        ("SECRET_KEY_FALLBACKS", "long enough to be a key,short"),
        ("SECRET_KEY_FALLBACKS", "the first of three keys,the second of three keys,the third of three keys"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} .*[.]$"):
        Settings.from_env({**SECRET, name: value})


def test_production_refuses_to_start_without_a_secret() -> None:
    with pytest.raises(ConfigError, match=r"^SECRET_KEY is not set"):
        Settings.from_env({})


@pytest.mark.parametrize(
    ("environ", "host", "status"),
    [
        ({**SECRET, "HMS_TRUSTED_HOSTS": "desk.test"}, "desk.test", 200),
        ({**SECRET, "HMS_TRUSTED_HOSTS": "desk.test"}, "127.0.0.1", 200),
        ({**SECRET, "HMS_TRUSTED_HOSTS": "desk.test"}, "evil.test", 400),
        ({**SECRET, "HMS_TRUSTED_HOSTS": " , "}, "127.0.0.1:8000", 200),
        ({**SECRET, "HMS_TRUSTED_HOSTS": " , "}, "desk.test", 400),
        ({"HMS_ENV": "testing"}, "desk.test", 200),
    ],
)
def test_production_answers_to_the_hosts_it_is_given_and_to_its_own_machine(
    environ: dict[str, str], host: str, status: int, database_url: str, redis_url: str
) -> None:
    app = create_app({**environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url})
    assert app.test_client().get("/healthz", headers={"Host": host}).status_code == status


def test_the_trusted_hosts_are_separated_by_commas() -> None:
    assert Settings.from_env({**SECRET, "HMS_TRUSTED_HOSTS": "desk.test, .test"}).trusted_hosts == (
        "desk.test",
        ".test",
    )
    assert Settings.from_env({"HMS_ENV": "testing"}).trusted_hosts == ()


def test_beside_the_key_others_are_taken_and_the_present_one_is_the_first() -> None:
    given = {**SECRET, "SECRET_KEY_FALLBACKS": "the former of the keys, the one before that"}
    keys = (SECRET["SECRET_KEY"], "the former of the keys", "the one before that")
    assert Settings.from_env(given).secret_keys == keys
    assert Settings.from_env(SECRET).secret_keys == keys[:1]


@pytest.mark.parametrize(
    ("database", "redis", "names"),
    [
        ("postgresql://db.test/hms", "redis://cache.test", ["DATABASE_URL", "REDIS_URL"]),
        ("postgresql://db.test/hms?sslmode=prefer", "rediss://cache.test", ["DATABASE_URL"]),
        ("postgresql://db.test/hms?a=b&sslmode=verify-full", "rediss://cache.test", []),
        ("postgresql://127.0.0.1/hms", "redis://localhost", []),
        ("postgresql:///hms?host=/run/postgresql", "unix:///run/redis", []),
    ],
)
def test_what_is_asked_over_the_network_without_tls_is_named(database: str, redis: str, names: list[str]) -> None:
    assert without_tls(Settings.from_env({**SECRET, "DATABASE_URL": database, "REDIS_URL": redis})) == names


def test_production_says_so_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    servers = {"DATABASE_URL": "postgresql://db.test/hms", "REDIS_URL": "rediss://cache.test"}
    create_app({**SECRET, **servers, "HMS_ENV": "testing"})
    assert "without_tls" not in capsys.readouterr().err
    create_app({**SECRET, **servers})
    assert '"settings": ["DATABASE_URL"], "event": "without_tls"' in capsys.readouterr().err


def test_the_demo_makes_a_secret_once_and_keeps_it_private(tmp_path: Path) -> None:
    environ = {"HMS_ENV": "demo", "HMS_DATA_DIR": str(tmp_path / "new folder")}
    first, second = Settings.from_env(environ).secret_key, Settings.from_env(environ).secret_key
    assert first == second
    assert len(first) > 40
    assert (tmp_path / "new folder" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^HMS_DATA_DIR cannot be used"):
        Settings.from_env({"HMS_ENV": "demo", "HMS_DATA_DIR": str(tmp_path / "file" / "below")})


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [name for name in sorted(SETTING_NAMES) if f"`{name}`" not in page] == []
