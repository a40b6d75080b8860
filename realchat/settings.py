"""What an operator can set, read once from the environment and `.env`, typed and checked.

`FIELDS` of `Settings` are the settings: the variable is the field's name in
capitals. `.env.example` and the README's table list the same ones; a test
compares them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, Struct

MIB = 1024 * 1024

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=1, le=366 * 86400)]
Size = Annotated[int, Meta(ge=1)]

# RFC 7518, section 3.2: a key for HS256 has at least the 256 bits of the hash.
MIN_SECRET_BYTES = 32
# What the samples of documents call themselves; no such value is a secret.
_SAMPLES = ("your-", "change-me", "changeme", "example", "super-secret")


class SettingError(Exception):
    """A setting with which the program cannot start; the text says what to change."""


class Settings(Struct, frozen=True, kw_only=True):
    """All settings, with their defaults; sizes are in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: Port = 5000
    base_url: str = ""
    client_url: str = ""
    data_dir: Path = Path("data")
    upload_dir: Path = Path("uploads")
    mongodb_uri: str = ""
    mongodb_db: str = "realchat"
    jwt_access_secret: str = ""
    jwt_refresh_secret: str = ""
    access_token_seconds: Seconds = 15 * 60
    refresh_token_seconds: Seconds = 30 * 86400
    email_host: str = ""
    email_port: Port = 587
    email_user: str = ""
    email_pass: str = ""
    email_from: str = ""
    email_tls: Literal["starttls", "tls", "none"] = "starttls"
    libretranslate_url: str = ""
    libretranslate_api_key: str = ""
    max_upload_bytes: Size = 512 * MIB
    upload_quota_bytes: Size = 2048 * MIB
    rate_limits: bool = True
    trusted_proxies: str = ""
    metrics_token: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def public_url(self) -> str:
        """The address that people open, without a slash at its end."""
        return self.base_url.rstrip("/") or f"http://{_bracketed(self.host)}:{self.port}"

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
    values = {**dotenv_values(env_file), **environ}
    given = {
        name: text for name in Settings.__struct_fields__ if (text := values.get(name.upper()))
    }
    settings = _convert(given)
    _check_secrets(settings)
    _check_mail(settings)
    _check_urls(settings)
    return settings


def _convert(given: Mapping[str, str]) -> Settings:
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`").upper()
        raise SettingError(
            f"{name} is wrong: {what[0].lower()}{what[1:]}. Correct {name}."
        ) from None


def _decode_path(kind: type, text: Any) -> Any:
    if kind is Path:
        return Path(text)
    raise NotImplementedError(kind)


def _check_secrets(settings: Settings) -> None:
    for name in ("jwt_access_secret", "jwt_refresh_secret"):
        secret = getattr(settings, name)
        if not secret:
            continue
        if any(sample in secret.lower() for sample in _SAMPLES):
            raise SettingError(
                f"{name.upper()} is a sample from a document, which everyone knows. "
                "Put a random text there (`openssl rand -base64 48`), or leave it out."
            )
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise SettingError(
                f"{name.upper()} is too short: it needs at least {MIN_SECRET_BYTES} bytes. "
                "Make one with `openssl rand -base64 48`, or leave it out."
            )
    if settings.jwt_access_secret and settings.jwt_access_secret == settings.jwt_refresh_secret:
        raise SettingError("JWT_ACCESS_SECRET and JWT_REFRESH_SECRET are the same. Make two.")


def _check_mail(settings: Settings) -> None:
    if settings.email_user.startswith("your-") or settings.email_pass.startswith("your-"):
        raise SettingError(
            "EMAIL_USER or EMAIL_PASS is a sample from a document. Put your own there, "
            "or leave EMAIL_HOST out to have mails printed on the console."
        )
    if settings.email_host and not (settings.email_from or "@" in settings.email_user):
        raise SettingError("EMAIL_FROM is missing. Set it to the address that mails come from.")


def _check_urls(settings: Settings) -> None:
    for name in ("base_url", "client_url", "libretranslate_url"):
        url = getattr(settings, name)
        if url and not url.startswith(("http://", "https://")):
            raise SettingError(f"{name.upper()} must begin with http:// or https://.")
    if settings.mongodb_uri and not settings.mongodb_uri.startswith(
        ("mongodb://", "mongodb+srv://")
    ):
        raise SettingError("MONGODB_URI must begin with mongodb:// or mongodb+srv://.")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
