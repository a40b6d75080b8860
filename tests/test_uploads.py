"""Files coming in: what is told of them, what is refused, what is left behind."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from forms import (
    left_behind,
    upload,
)
from people import register
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.settings import Settings

KIB = 1024


@pytest.fixture
def settings(settings: Settings) -> Settings:

    return msgspec.structs.replace(
        settings, max_upload_bytes=100 * KIB, upload_quota_bytes=300 * KIB
    )


@pytest.mark.gen_test
async def test_a_file_is_kept_and_described(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"hello", "greeting.txt")
    assert file == {
        "id": file["id"],
        "url": f"/uploads/{file['id']}/greeting.txt",
        "name": "greeting.txt",
        "size": 5,
        "type": "text/plain; charset=utf-8",
        "sha256": hashlib.sha256(b"hello").hexdigest(),
    }
    (path,), records, used = await left_behind(services, ana)
    assert path == services.disk.folder / file["id"][-2:] / file["id"]
    assert path.read_bytes() == b"hello"
    assert (records, used) == (1, 5)
