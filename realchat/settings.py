"""What an operator can set, read once from the environment and `.env`, typed and checked.

`FIELDS` of `Settings` are the settings: the variable is the field's name in
capitals. `.env.example` and the README's table list the same ones; a test
compares them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from dotenv import dotenv_values
from msgspec import Struct

from realchat.setting_types import (
    BucketName,
    Changes,
    Connections,
    DatabaseName,
    Grace,
    PerSecond,
    Port,
    Prefix,
    Region,
    Rounds,
    Seconds,
    Silence,
    Size,
    Workers,
)
from realchat.setting_urls import URLS, find_fault

MIB = 1024 * 1024

# RFC 7518, section 3.2: a key for HS256 has at least the 256 bits of the hash.
MIN_SECRET_BYTES = 32
# What the samples of documents call themselves; no such value is a secret.
_SAMPLES = ("your-", "change-me", "changeme", "example", "super-secret")
# What settings are called whose type has no description of its own.
_KINDS = {bool: "true or false", Path: "the path of a folder"}
# Addresses that stand for all of a machine's; nobody can open them.
_WILDCARDS = ("0.0.0.0", "::")


class StartError(Exception):
    """Why the program cannot start: one sentence that says what to change."""


class SettingError(StartError):
    """A setting with which the program cannot start."""


class Settings(Struct, frozen=True, kw_only=True):
    """All settings, with their defaults; sizes are in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: Port = 5000
    workers: Workers = "1"
    base_url: str = ""
    client_url: str = ""
    data_dir: Path = Path("data")
    upload_dir: Path = Path("uploads")
    mongodb_uri: str = ""
    mongodb_db: DatabaseName = "realchat"
    mongodb_sharded: bool = False
    redis_url: str = ""
    process_timeout_seconds: Silence = 45
    s3_bucket: BucketName = ""
    s3_endpoint_url: str = ""
    s3_region: Region = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    s3_prefix: Prefix = ""
    jwt_access_secret: str = ""
    jwt_refresh_secret: str = ""
    access_token_seconds: Seconds = 15 * 60
    refresh_token_seconds: Seconds = 30 * 86400
    bcrypt_rounds: Rounds = 12
    email_host: str = ""
    email_port: Port = 587
    email_user: str = ""
    email_pass: str = ""
    email_from: str = ""
    email_tls: Literal["starttls", "tls", "none"] = "starttls"
    translator: Literal["auto", "libretranslate", "apertium", "off"] = "auto"
    libretranslate_url: str = ""
    libretranslate_api_key: str = ""
    max_upload_bytes: Size = 512 * MIB
    upload_quota_bytes: Size = 2048 * MIB
    rate_limits: bool = True
    frames_per_second: PerSecond = 100
    frame_bytes_per_second: Size = 512 * 1024
    sockets_per_user: Connections = 50
    presence_grace_seconds: Grace = 3.0
    resume_limit: Changes = 1000
    trusted_proxies: str = ""
    metrics_token: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def public_url(self) -> str:
        """The address that people open, without a slash at its end."""
        host = "localhost" if self.host in _WILDCARDS else _bracketed(self.host)
        return self.base_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def engine(self) -> Literal["libretranslate", "apertium", "off"]:
        """What translates: `auto` is LibreTranslate where its address is known."""
        if self.translator == "auto":
            return "libretranslate" if self.libretranslate_url else "off"
        return self.translator

    @property
    def proxies(self) -> frozenset[str]:
        """The addresses whose `X-Forwarded-For` is believed."""
        return frozenset(filter(None, map(str.strip, self.trusted_proxies.split(","))))


def read_settings(
    environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")
) -> Settings:
    """Read the settings; the environment wins over `.env`, an empty value counts as unset.

    Raises `SettingError`.
    """
    values = {**_read_env_file(env_file), **environ}
    given = {
        name: text for name in Settings.__struct_fields__ if (text := values.get(name.upper()))
    }
    settings = _convert(given)
    _check_secrets(settings)
    _check_mail(settings)
    _check_urls(settings)
    _check_files(settings)
    _check_translator(settings)
    _check_proxies(settings)
    return settings


def _read_env_file(path: Path) -> Mapping[str, str | None]:
    try:
        if path.is_dir():  # dotenv takes that for a file that is not there
            raise IsADirectoryError("it is a folder")
        return dotenv_values(path)
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"The file {path} cannot be read ({error}): correct or remove it."
        ) from None


def _convert(given: Mapping[str, str]) -> Settings:
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        name = str(error).partition(" - at `$.")[2].rstrip("`")
        raise SettingError(f"{name.upper()} must be {_expected(name)}.") from None


def _expected(name: str) -> str:
    """Say in words what a setting may be."""
    hint = get_type_hints(Settings, include_extras=True)[name]
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    return _KINDS.get(hint) or str(get_args(hint)[1].description)


def _decode_path(kind: type, text: Any) -> Any:
    if kind is Path:
        return Path(text)
    raise NotImplementedError(kind)  # how msgspec is told that it is no such type


def _check_secrets(settings: Settings) -> None:
    for name in ("jwt_access_secret", "jwt_refresh_secret"):
        secret = getattr(settings, name)
        if not secret:
            continue
        if any(sample in secret.lower() for sample in _SAMPLES):
            raise SettingError(
                f"{name.upper()} is a sample from a document, which everyone knows: "
                "put the output of `openssl rand -base64 48` there, or leave it out."
            )
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise SettingError(
                f"{name.upper()} is too short, for it needs at least {MIN_SECRET_BYTES} bytes: "
                "put the output of `openssl rand -base64 48` there, or leave it out."
            )
    if settings.jwt_access_secret and settings.jwt_access_secret == settings.jwt_refresh_secret:
        raise SettingError(
            "JWT_ACCESS_SECRET and JWT_REFRESH_SECRET must be two secrets, not one twice."
        )


def _check_mail(settings: Settings) -> None:
    if settings.email_user.startswith("your-") or settings.email_pass.startswith("your-"):
        raise SettingError(
            "EMAIL_USER or EMAIL_PASS is a sample from a document: put your own there, "
            "or leave EMAIL_HOST out to have mails printed on the console."
        )
    if settings.email_host and not (settings.email_from or "@" in settings.email_user):
        raise SettingError("EMAIL_FROM is missing: set it to the address that mails come from.")


def _check_urls(settings: Settings) -> None:
    for name in URLS:
        url = getattr(settings, name)
        if url and (fault := find_fault(name, url)):
            raise SettingError(f"{name.upper()} {fault}.")


def _check_files(settings: Settings) -> None:
    given = [name for name in Settings.__struct_fields__ if name.startswith("s3_")]
    named = [name.upper() for name in given if getattr(settings, name)]
    if named and not settings.s3_bucket:
        raise SettingError(f"S3_BUCKET is missing: {named[0]} is of no use without its name.")
    if bool(settings.s3_access_key_id) != bool(settings.s3_secret_access_key):
        raise SettingError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together.")


def _check_translator(settings: Settings) -> None:
    if settings.engine == "libretranslate" and not settings.libretranslate_url:
        raise SettingError(
            "LIBRETRANSLATE_URL is missing: TRANSLATOR=libretranslate needs the server's address."
        )


def _check_proxies(settings: Settings) -> None:
    for address in settings.proxies:
        try:
            ip_address(address)
        except ValueError:
            raise SettingError(
                f"TRUSTED_PROXIES must be IP addresses with commas between them; {address} is none."
            ) from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
