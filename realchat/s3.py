"""A bucket of an S3-compatible store, through boto3: every call blocks, and is for a thread.

What fails is told in the contract's words: `storage_full` where the store says
so, `unavailable` for all else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from realchat.errors import ChatError, Code
from realchat.settings import MIB, Settings

logger = logging.getLogger(__name__)

# Bytes of a part of an upload; 5 MiB is the least that S3 takes, 10,000 parts the most.
PART = 8 * MIB
# Read and sent one after the other, in the thread that asks.
_TRANSFER = TransferConfig(
    multipart_threshold=PART,
    multipart_chunksize=PART,
    use_threads=False,
    preferred_transfer_client="classic",
)
# Seconds. What takes in a file may have to write it to several disks first.
_CONNECT = 2
_ANSWER = 4
_TAKE_IN = 30
_MISSING = {"404", "NoSuchKey", "NoSuchUpload"}
# MinIO's and Ceph's words for it; others may say it by the status 507 alone.
_FULL = {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"}
_INSUFFICIENT_STORAGE = 507
# What is wrong with settings, in words that name no key; other errors' quote addresses.
_MISTAKES = (
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
# What a `HEAD` is refused with, whose answer has no body to say why.
_SPEECHLESS = {"403", "404"}
# What we call our files (`realchat.disk.name_of`).
_OURS = re.compile(r"[0-9a-f]{2}/[0-9a-f]{24}")
# What clients are told, and the seconds after which they may try again.
AWAY = "The files are out of reach. Try again in a moment."
_LATER = 5


class Body(Protocol):
    """The bytes of an object as they come."""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""

    def close(self) -> None:
        """Read no more."""


class S3:
    """The objects of one bucket whose names begin with a prefix, which callers leave out.

    Where its settings are silent, boto3 finds out by itself. Threads may share it.
    """

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._prefix = f"{settings.s3_prefix.strip('/')}/" if settings.s3_prefix else ""
        # What a session has read and found is read once for both.
        session = boto3.session.Session()
        self._asking = _client(session, settings, read_timeout=_ANSWER, attempts=2)
        self._sending = _client(session, settings, read_timeout=_TAKE_IN, attempts=3)

    def ping(self) -> None:
        """Return when the bucket is there for us."""
        with _in_our_words():
            try:
                self._asking.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _code_of(error) in _SPEECHLESS:
                    self._ask_why()
                raise

    def put(self, name: str, path: Path) -> None:
        """Store a file, a large one in parts: all of it, or none. Raises `OSError`, too."""
        with _in_our_words():
            self._sending.upload_file(
                str(path), self._bucket, self._prefix + name, Config=_TRANSFER
            )

    def get(self, name: str, start: int, length: int) -> Body | None:
        """Return so many bytes of an object from `start` on; None when there is no such object."""
        # Of nothing there is no range.
        span = {"Range": f"bytes={start}-{start + length - 1}"} if length else {}
        with _in_our_words():
            try:
                found = self._asking.get_object(**self._name(name), **span)
            except ClientError as error:
                if _code_of(error) in _MISSING:
                    return None
                raise
            body: Body = found["Body"]
            return body

    def read(self, body: Body, size: int) -> bytes:
        """Return the next bytes of an object, at most so many; none at the end."""
        with _in_our_words():
            return body.read(size)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with _in_our_words():
            self._asking.delete_object(**self._name(name))

    def abort_uploads(self, name: str, before: datetime | None, limit: int) -> None:
        """Give up our uploads in parts to names that begin so, if they began before a moment.

        What has another form or another prefix than ours is another program's: a bucket
        may be shared, and not every store looks at the prefix.
        """
        with _in_our_words():
            listed = self._asking.list_multipart_uploads(
                Bucket=self._bucket, Prefix=self._prefix + name, MaxUploads=limit
            )
            for upload in listed.get("Uploads", ()):
                is_over = before is None or upload["Initiated"] < before
                if is_over and self._is_ours(upload["Key"]):
                    self._abort(upload)

    def close(self) -> None:
        """Let go of all connections."""
        self._asking.close()
        self._sending.close()

    def _ask_why(self) -> None:
        """Ask for what is refused with a reason, where the bucket is."""
        self._asking.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def _name(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _is_ours(self, key: str) -> bool:
        return key.startswith(self._prefix) and bool(_OURS.fullmatch(key, len(self._prefix)))

    def _abort(self, upload: dict[str, Any]) -> None:
        # Another server may have done it meanwhile.
        with suppress(self._asking.exceptions.NoSuchUpload):
            self._asking.abort_multipart_upload(
                Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )


def _client(session: Any, settings: Settings, *, read_timeout: int, attempts: int) -> Any:
    """Make a client; times in seconds, attempts with the first one."""
    endpoint = settings.s3_endpoint_url
    return session.client(
        "s3",
        endpoint_url=endpoint or None,
        # Stores of other makers mostly have no regions, but a signature names one.
        region_name=settings.s3_region or ("us-east-1" if endpoint else None),
        aws_access_key_id=settings.s3_access_key_id or None,
        aws_secret_access_key=settings.s3_secret_access_key or None,
        config=Config(
            connect_timeout=_CONNECT,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            # Not every store's certificate and DNS have a name for each bucket.
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Otherwise boto3 sends trailers that only Amazon is sure to understand.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _refusal(error) from error
    except S3UploadFailedError as error:
        cause = error.__cause__ or error.__context__
        raise _refusal(cause) from cause
    except BotoCoreError as error:
        raise _away() from error


def explain(error: BaseException) -> str:
    """Say in one line, for the log, what a call failed of."""
    cause = error.__cause__ or error
    if isinstance(cause, ClientError):
        return _code_of(cause)
    name = type(cause).__name__
    return f"{name}, {' '.join(str(cause).split())}" if isinstance(cause, _MISTAKES) else name


def _refusal(error: BaseException | None) -> ChatError:
    """Return what the store's refusal is to us."""
    if not isinstance(error, ClientError):
        return _away()
    code, status = _code_of(error), error.response["ResponseMetadata"].get("HTTPStatusCode")
    # The operator's to mend, as a wrong key is; without a name, which tells of people.
    data = {"operation": error.operation_name, "error": code}
    logger.warning("the bucket refuses", extra={"data": data})
    if code in _FULL or status == _INSUFFICIENT_STORAGE:
        return ChatError(Code.STORAGE_FULL)
    return _away()


def _away() -> ChatError:
    return ChatError(Code.UNAVAILABLE, AWAY, retry_after=_LATER)


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
