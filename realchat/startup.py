"""The words with which the server starts: where it is, what it runs on, what is on and off."""

from __future__ import annotations

from urllib.parse import urlsplit

from realchat import __version__
from realchat.mongodb_uri import hosts_of
from realchat.pairs import EngineState
from realchat.settings import MIB, Settings

_REDIS_PORT = 6379


def describe(
    settings: Settings,
    database: str,
    redis: str,
    engine: EngineState | None,
    *,
    given_secrets: bool,
    is_cluster: bool = False,
) -> str:
    """Return the start-up block.

    `database` and `redis` say what serves, without credentials; `is_cluster` is whether
    messages can lie on several shards there; `engine` is what translates.
    """
    parts = {
        "database": f"{database}{_shards(is_cluster, settings.mongodb_sharded)}",
        "bus": redis,
        "secrets": _secrets(settings, given_secrets),
        "mail": _mail(settings),
        "translation": _translation(engine),
        "uploads": _uploads(settings),
        "rate limits": _rate_limits(settings),
    }
    lines = [f"RealChat {__version__} is ready: open {settings.public_url}"]
    lines += [f"  {name:<12} {text}" for name, text in parts.items()]
    return "\n".join(lines)


def name_mongodb(uri: str, *, is_cluster: bool) -> str:
    """Say which MongoDB of the operator's own keeps what lasts, without its password."""
    kind = ", a sharded cluster" if is_cluster else ""
    return f"MongoDB at {hosts_of(uri)} (MONGODB_URI){kind}"


def name_redis(redis_url: str) -> str:
    """Say which Redis joins several processes, without its password."""
    if not redis_url:
        return "in this process (REDIS_URL: several)"
    url = urlsplit(redis_url)
    where = url.path if url.scheme == "unix" else f"{url.hostname}:{url.port or _REDIS_PORT}"
    return f"Redis at {where} (REDIS_URL)"


def _shards(is_cluster: bool, is_wanted: bool) -> str:
    """Say where the database is not what MONGODB_SHARDED says of it."""
    if is_cluster and not is_wanted:
        return "; all messages stay on one shard (MONGODB_SHARDED=true: on several)"
    if is_wanted and not is_cluster:
        return "; no sharded cluster yet, and sends are slower for it (MONGODB_SHARDED=true)"
    return ""


def _secrets(settings: Settings, given: bool) -> str:
    if given:
        return "JWT_ACCESS_SECRET and JWT_REFRESH_SECRET"
    return f"kept in {settings.data_dir / 'secrets'} (JWT_ACCESS_SECRET, JWT_REFRESH_SECRET)"


def _mail(settings: Settings) -> str:
    if settings.email_host:
        return f"through {settings.email_host}:{settings.email_port}"
    return "off, printed on this console (EMAIL_HOST switches it on)"


def _translation(engine: EngineState | None) -> str:
    if engine is None:
        return "off (LIBRETRANSLATE_URL or TRANSLATOR=apertium switches it on)"
    return engine.describe()


def _uploads(settings: Settings) -> str:
    size, quota = (n // MIB for n in (settings.max_upload_bytes, settings.upload_quota_bytes))
    limits = f"{size} MiB a file, {quota} MiB a person"
    if not settings.s3_bucket:
        return f"in {settings.upload_dir}, {limits} (S3_BUCKET: a bucket)"
    where = settings.s3_endpoint_url or "Amazon S3"
    return f"in the bucket {settings.s3_bucket} at {where}, through {settings.upload_dir}, {limits}"


def _rate_limits(settings: Settings) -> str:
    return "on (RATE_LIMITS=false: off)" if settings.rate_limits else "off (RATE_LIMITS=true: on)"
