"""What is kept of files, on the disk and in the bucket, as seen past the server."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from realchat.settings import Settings


class Kept(NamedTuple):
    """One file and its name, without what the names of a whole bucket begin with."""

    name: str
    content: bytes


def kept_files(settings: Settings) -> list[Kept]:
    """Return all that there is of files: kept, on their way in, or in parts."""
    kept = disk_files(settings.upload_dir)
    return [*kept, *BucketShelf(settings).files()] if settings.s3_bucket else kept


def disk_files(folder: Path) -> list[Kept]:
    """Return the files in a folder and all folders there."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [Kept(str(path.relative_to(folder)), path.read_bytes()) for path in paths]


class BucketShelf:
    """The bucket of some settings."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.s3_bucket
        self._prefix = f"{settings.s3_prefix}/" if settings.s3_prefix else ""
        address = settings.s3_endpoint_url
        self.client = _client(address, settings.s3_access_key_id, settings.s3_secret_access_key)

    def make(self) -> None:
        """Make the bucket."""
        self.client.create_bucket(Bucket=self.name)

    def files(self) -> list[Kept]:
        """Return the objects and, without their bytes, uploads that are not complete."""
        listed = self.client.list_objects_v2(Bucket=self.name)
        kept = [Kept(self._short(one["Key"]), self.read(one["Key"])) for one in _items(listed)]
        return kept + [Kept(f"{self._short(name)} in parts", b"") for name in self.begun()]

    def begun(self) -> list[str]:
        """Return the names of uploads in parts that are not complete."""
        listed = self.client.list_multipart_uploads(Bucket=self.name)
        return [str(one["Key"]) for one in listed.get("Uploads", ())]

    def read(self, key: str) -> bytes:
        """Return the bytes of an object."""
        with self.client.get_object(Bucket=self.name, Key=key)["Body"] as body:
            content: bytes = body.read()
        return content

    def write(self, key: str, content: bytes) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def begin(self, key: str) -> None:
        """Begin an upload in parts, and leave it there."""
        self.client.create_multipart_upload(Bucket=self.name, Key=key)

    def _short(self, key: str) -> str:
        assert key.startswith(self._prefix)
        return key.removeprefix(self._prefix)


@cache
def _client(address: str, key: str, secret: str) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def _items(listed: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed.get("Contents", [])
    return found
