"""Where files are kept, the disk and the bucket: what both do, as everything above relies on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec import structs
from shelves import BucketShelf, kept_files

from realchat.bucket import Bucket, BucketReader
from realchat.disk import Disk, FileReader, name_of
from realchat.ids import new_id, now
from realchat.s3 import S3
from realchat.services import Services
from realchat.settings import Settings

MIB = 1024 * 1024
TEXT = b"0123456789"
OWNER = new_id()


@pytest.fixture
def settings(settings: Settings, store: dict[str, str]) -> Settings:
    """Both stores."""
    return structs.replace(settings, **store)


@pytest.fixture
def contents(services: Services) -> Bucket | Disk:
    """The store under test."""
    return services.bucket or services.disk


async def keep(contents: Bucket | Disk, *pieces: bytes) -> str:
    """Keep a file; return its id."""
    file_id = new_id()
    part = await contents.begin(file_id, OWNER)
    for piece in pieces:
        await part.write(piece)
    await part.seal()
    await part.keep()
    return file_id


async def read_all(reader: BucketReader | FileReader | None, size: int = MIB) -> bytes:
    """Read to the end, so many bytes at a time."""
    assert reader is not None
    content = b""
    while piece := await reader.read(size):
        assert len(piece) <= size
        content += piece
    await reader.close()
    return content


@pytest.mark.gen_test
async def test_what_is_kept_is_read_back(contents: Bucket | Disk) -> None:
    file_id = await keep(contents, b"01234", b"56789")
    assert await read_all(await contents.open(file_id, 0, 10), 3) == TEXT


@pytest.mark.parametrize(("offset", "length"), [(0, 4), (3, 4), (9, 1), (0, 10)])
@pytest.mark.gen_test
async def test_only_what_is_asked_for_is_read(
    offset: int, length: int, contents: Bucket | Disk
) -> None:
    file_id = await keep(contents, TEXT)
    expected = TEXT[offset : offset + length]
    assert await read_all(await contents.open(file_id, offset, length)) == expected


@pytest.mark.gen_test
async def test_of_an_empty_file_nothing_is_read(contents: Bucket | Disk) -> None:
    file_id = await keep(contents)
    assert await read_all(await contents.open(file_id, 0, 0)) == b""


@pytest.mark.gen_test
async def test_what_was_never_kept_cannot_be_opened(contents: Bucket | Disk) -> None:
    part = await contents.begin(file_id := new_id(), OWNER)
    await part.write(TEXT)
    assert await contents.open(file_id, 0, 10) is None
    assert await contents.open(new_id(), 0, 0) is None
    await part.discard()


@pytest.mark.gen_test(timeout=60)
async def test_a_file_of_several_parts_is_read_back_from_anywhere(
    contents: Bucket | Disk,
) -> None:
    pieces: Sequence[bytes] = [os.urandom(MIB) for _ in range(19)]
    file_id = await keep(contents, *pieces)
    assert await read_all(await contents.open(file_id, 0, 19 * MIB)) == b"".join(pieces)
    assert await read_all(await contents.open(file_id, 8 * MIB, MIB)) == pieces[8]


@pytest.mark.gen_test
async def test_a_file_is_known_by_its_bytes(contents: Bucket | Disk) -> None:
    part = await contents.begin(new_id(), OWNER)
    await part.write(b"<!doctype html>")
    content = await part.seal()
    await part.discard()
    assert (content.size, content.type) == (15, "text/html")


@pytest.mark.gen_test
async def test_what_is_discarded_leaves_nothing_before_it_is_kept_or_after(
    contents: Bucket | Disk, settings: Settings
) -> None:
    for last in ("write", "seal", "keep"):
        part = await contents.begin(new_id(), OWNER)
        await part.write(TEXT)
        if last != "write":
            await part.seal()
        if last == "keep":
            await part.keep()
        await part.discard()
        assert kept_files(settings) == []


@pytest.mark.gen_test
async def test_a_kept_file_is_the_only_thing_that_stays(
    contents: Bucket | Disk, settings: Settings
) -> None:
    file_id = await keep(contents, TEXT)
    assert kept_files(settings) == [(f"{file_id[-2:]}/{file_id}", TEXT)]


@pytest.mark.gen_test
async def test_a_file_can_be_removed_twice(contents: Bucket | Disk, settings: Settings) -> None:
    file_id = await keep(contents, TEXT)
    await contents.remove(file_id)
    await contents.remove(file_id)
    assert kept_files(settings) == []
    assert await contents.open(file_id, 0, 10) is None


@pytest.mark.gen_test
async def test_a_part_that_nobody_writes_to_is_removed(
    contents: Bucket | Disk, services: Services, settings: Settings
) -> None:
    part = await contents.begin(new_id(), OWNER)
    await part.write(TEXT)
    await part.seal()
    assert await contents.remove_parts(now() - timedelta(minutes=5), 10) == []
    assert await contents.remove_parts(now() + timedelta(minutes=5), 10) == [OWNER]
    assert kept_files(settings) == []
    await part.discard()


@pytest.mark.gen_test
async def test_a_part_that_waits_for_the_rest_of_its_form_stays(
    contents: Bucket | Disk, services: Services, settings: Settings
) -> None:
    part = await contents.begin(new_id(), OWNER)
    await part.write(TEXT)
    await part.seal()
    for path in settings.upload_dir.rglob("*.part"):
        os.utime(path, (0, 0))
    await services.disk.refresh_parts()
    assert await contents.remove_parts(now() - timedelta(minutes=5), 10) == []
    await part.keep()
    assert [file.content for file in kept_files(settings)] == [TEXT]


@pytest.mark.parametrize("store", ["bucket"], indirect=True)
@pytest.mark.gen_test
async def test_an_upload_that_a_crash_left_in_parts_is_given_up(
    contents: Bucket | Disk, settings: Settings
) -> None:
    shelf = BucketShelf(settings)
    left_behind = f"chat/{name_of(new_id())}"
    shelf.begin(left_behind)
    await contents.abort_uploads(now() - timedelta(hours=1), 10)
    assert shelf.begun() == [left_behind]
    await contents.abort_uploads(now() + timedelta(hours=1), 10)
    assert shelf.begun() == []


@pytest.mark.parametrize("prefix", ["chat", "chat/files", ""])
def test_uploads_of_others_to_the_same_bucket_are_left_alone(
    bucket: dict[str, str], prefix: str
) -> None:
    given = structs.replace(Settings(), **{**bucket, "s3_prefix": prefix})
    shelf, objects = BucketShelf(given), S3(given)
    file_id = new_id()
    name = name_of(file_id)
    ours = f"{prefix}/{name}" if prefix else name
    others = sorted([f"other/{name}", f"{ours}.bak", f"{prefix or 'x'}/report", "a.tar", file_id])
    for key in (ours, *others):
        shelf.begin(key)
    objects.abort_uploads("", now() + timedelta(hours=1), 10)
    assert sorted(shelf.begun()) == others
    shelf.begin(ours)
    objects.abort_uploads(name, None, 10)
    assert sorted(shelf.begun()) == others
    objects.close()
