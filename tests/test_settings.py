"""The settings: how they are read, what is refused, and that the documents list them all."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from realchat.redis_client import make_connection, make_redis
from realchat.settings import SettingError, Settings, read_settings
from realchat.startup import name_redis

ROOT = Path(__file__).parent.parent
NOWHERE = Path("no-such-file")
SECRET = "k3" * 32


def defaults() -> dict[str, str]:
    """Return every variable with its default, as it is written in a file."""
    return {
        field.name.upper(): str(field.default).lower()
        if isinstance(field.default, bool)
        else str(field.default)
        for field in msgspec.structs.fields(Settings)
    }


def test_nothing_needs_to_be_set() -> None:
    assert read_settings({}, NOWHERE) == Settings()


def test_values_get_their_types() -> None:
    settings = read_settings(
        {"PORT": "8080", "RATE_LIMITS": "false", "DATA_DIR": "/var/x"}, NOWHERE
    )
    assert (settings.port, settings.rate_limits, settings.data_dir) == (8080, False, Path("/var/x"))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1111\nHOST=::1\n")
    settings = read_settings({"PORT": "2222"}, file)
    assert (settings.port, settings.host) == (2222, "::1")


def test_an_empty_value_counts_as_unset() -> None:
    assert read_settings({"PORT": "", "MONGODB_URI": ""}, NOWHERE) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert read_settings({"PATH": "/bin", "LANG": "C"}, NOWHERE) == Settings()


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match=r"\.env cannot be read"):
        read_settings({}, file)


def test_a_folder_in_the_file_s_place_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / ".env"
    folder.mkdir()
    with pytest.raises(SettingError, match=r"\.env cannot be read \(it is a folder\)"):
        read_settings({}, folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "5000.5"),
        ("WORKERS", "0"),
        ("WORKERS", "257"),
        ("WORKERS", "two"),
        ("WORKERS", "2\n"),
        ("ACCESS_TOKEN_SECONDS", "-1"),
        ("MAX_UPLOAD_BYTES", "1 GB"),
        ("RATE_LIMITS", "maybe"),
        ("EMAIL_TLS", "ssl"),
        ("LOG_LEVEL", "loud"),
        ("MONGODB_DB", "a.b"),
        ("MONGODB_DB", "a" * 64),
        ("MONGODB_URI", "localhost:27017"),
        ("CLIENT_URL", "chat.example.org"),
        ("JWT_ACCESS_SECRET", "k" * 31),
        ("JWT_REFRESH_SECRET", "change-me-change-me-change-me-change-me"),
        ("EMAIL_PASS", "your-app-password"),
        ("EMAIL_HOST", "smtp.example.org"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        read_settings({name: value}, NOWHERE)
    sentence = str(refusal.value)
    assert name.rpartition("_")[0] in sentence
    assert sentence.endswith(".")
    assert ". " not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hun/ter2pw@127.0.0.1:6379",
        "redis://:hun#ter2pw@127.0.0.1:6379",
        "redis://:hun?ter2pw@127.0.0.1:6379",
        "redis://:hun[ter2pw@127.0.0.1:6379",
        "redis://:hun]ter2pw@127.0.0.1:6379",
        "redis://who:12/ter2pw@127.0.0.1:6379",
        "redis://who:12#ter2pw@127.0.0.1:6379",
        "redis://who:12?ter2pw@127.0.0.1:6379",
        "redis://:ter2pw@127.0.0.1:abc",
        "redis://:ter2pw@127.0.0.1:99999",
        "redis://:ter2pw@127.0.0.1:0",
        "redis://:ter2pw@",
        "redis://",
        "redis:///0",
        "redis://:ter2pw@127.0.0.1/3x",
        "redis://:ter2pw@127.0.0.1/-1",
        "unix://relative",
        "unix://:ter2pw@relative/path",
        "unix:///",
        "unix:///var/#ter2pw",
    ],
)
def test_an_address_of_redis_that_is_none_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(SettingError, match=r"^REDIS_URL must be written as .+ %2F.+\.$") as refusal:
        read_settings({"REDIS_URL": url}, NOWHERE)
    assert not any(part in str(refusal.value) for part in ("hun", "ter2pw", "127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379?foo=bar",
        "redis://127.0.0.1:6379?db=1&db=2",
        "redis://127.0.0.1:6379?db=x",
        "redis://127.0.0.1:6379?db=",
        "redis://127.0.0.1:6379?ssl_cert_reqs=none",
        "rediss://127.0.0.1:6379?ssl_cert_reqs=perhaps",
        "rediss://127.0.0.1:6379?ssl_check_hostname=perhaps",
    ],
)
def test_an_option_that_redis_does_not_have_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match=r"^REDIS_URL (may|has) .+\.$"):
        read_settings({"REDIS_URL": url}, NOWHERE)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://[::1]:6379/",
        "redis://:hun%2Fter%23@127.0.0.1:6379/3",
        "redis://who:p@ss:word@redis.example.org:6379",
        "redis://redis.example.org?db=2&username=who&password=x&client_name=realchat",
        "rediss://redis.example.org?ssl_ca_certs=/a&ssl_ca_path=/b&ssl_cert_reqs=required"
        "&ssl_certfile=/c&ssl_check_hostname=true&ssl_ciphers=HIGH&ssl_keyfile=/d&ssl_password=x",
        "unix:///run/redis.sock",
        "unix://who:word@/run/redis.sock?db=1",
    ],
)
def test_an_address_of_redis_that_is_taken_can_be_used(url: str) -> None:
    taken = read_settings({"REDIS_URL": url}, NOWHERE).redis_url
    assert make_connection(make_redis(taken))
    assert "None" not in name_redis(taken)


@pytest.mark.parametrize(
    "name",
    [f.name.upper() for f in msgspec.structs.fields(Settings) if f.type not in (str, Path)],
)
def test_every_setting_with_a_type_says_what_it_must_be(name: str) -> None:
    with pytest.raises(SettingError, match=rf"^{name} must be \w.+\.$"):
        read_settings({name: "?"}, NOWHERE)


def test_the_seed_s_sample_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "JWT_ACCESS_SECRET=your-super-secret-jwt-access-key-here\n"
        "JWT_REFRESH_SECRET=your-super-secret-jwt-refresh-key-here\n"
    )
    with pytest.raises(SettingError, match="JWT_ACCESS_SECRET is a sample"):
        read_settings({}, file)


def test_one_secret_twice_is_refused() -> None:
    with pytest.raises(SettingError, match="two secrets"):
        read_settings({"JWT_ACCESS_SECRET": SECRET, "JWT_REFRESH_SECRET": SECRET}, NOWHERE)


def test_a_refusal_never_quotes_a_secret() -> None:
    with pytest.raises(SettingError) as refusal:
        read_settings({"JWT_ACCESS_SECRET": "hunter2"}, NOWHERE)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://localhost:5000"),
        ("::", "http://localhost:5000"),
        ("::1", "http://[::1]:5000"),
    ],
)
def test_the_address_to_open_can_be_opened(host: str, url: str) -> None:
    assert Settings(host=host).public_url == url


def test_the_example_file_lists_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    assert dict(re.findall(r"^# ([A-Z0-9_]+)=(.*)$", text, re.MULTILINE)) == defaults()


def test_the_example_file_changes_nothing() -> None:
    assert read_settings({}, ROOT / ".env.example") == Settings()


def test_the_readme_s_table_lists_every_setting() -> None:
    rows = re.findall(r"^\|\s*`([A-Z0-9_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(defaults())
