"""Files that nobody uses: claimed in time they stay, else they are swept after a day."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from forms import NOTHING, download, left_behind, png, upload
from msgspec import structs
from people import Person, register
from tornado.httpclient import AsyncHTTPClient

from realchat.errors import ChatError
from realchat.ids import direct_conversation, now
from realchat.services import Services
from realchat.settings import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def settings(settings: Settings, store: dict[str, str]) -> Settings:
    """Both stores."""
    return structs.replace(settings, **store)


async def share(services: Services, ana: Person, url: str, conversation: str) -> None:
    files = await services.uploads.claim(ana.id, [url])
    await services.uploads.share(files, conversation)


@pytest.mark.gen_test
async def test_a_file_never_shared_goes_after_a_day(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"unused")
    assert await services.sweeper.sweep(now() + DAY - HOUR) == 0
    assert (await download(ana, file["url"])).code == 200
    assert await services.sweeper.sweep(now() + DAY + HOUR) == 1
    assert (await download(ana, file["url"])).code == 404
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_a_shared_file_and_an_avatar_stay(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    shared, avatar = await upload(ana, b"shared"), await upload(ana, png(5, 5))
    await share(services, ana, shared["url"], direct_conversation(ana.id, ana.id))
    assert (await ana.patch("/auth/me", {"avatar": avatar["url"]})).status == 200
    assert await services.sweeper.sweep(now() + 100 * DAY) == 0
    for file in (shared, avatar):
        assert (await download(ana, file["url"])).code == 200


@pytest.mark.gen_test
async def test_a_file_taken_from_all_conversations_has_a_day_from_then_on(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = [await register(http_client, base_url) for _ in range(2)]
    here, there = direct_conversation(ana.id, ben.id), direct_conversation(ana.id, ana.id)
    file = await upload(ana, b"shared twice")
    for conversation in (here, there):
        await share(services, ana, file["url"], conversation)
    await services.uploads.unshare([file["url"]], here)
    assert await services.sweeper.sweep(now() + 2 * DAY) == 0
    await services.uploads.unshare([file["url"]], there)
    assert await services.sweeper.sweep(now() + DAY - HOUR) == 0
    assert await services.sweeper.sweep(now() + DAY + HOUR) == 1


@pytest.mark.gen_test
async def test_the_files_of_a_deleted_conversation_go_too(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    group = (await ana.post("/groups", {"name": "Us"})).json
    file = await upload(ana, b"shared")
    await share(services, ana, file["url"], f"group:{group['id']}")
    assert (await ana.delete(f"/groups/{group['id']}")).status == 204
    await services.tasks.drain()
    assert await services.sweeper.sweep(now() + 2 * DAY) == 1


@pytest.mark.gen_test
async def test_a_replaced_avatar_is_swept(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    for size in (5, 6):
        avatar = await upload(ana, png(size, size))
        assert (await ana.patch("/auth/me", {"avatar": avatar["url"]})).status == 200
    assert await services.sweeper.sweep(now() + 2 * DAY) == 1
    assert (await download(ana, avatar["url"])).code == 200


@pytest.mark.gen_test
async def test_a_claimed_file_is_not_swept_before_its_message_is_out(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"old")
    files = services.database.collection("files")
    await files.update({"owner_id": ana.id}, {"$set": {"idle_since": now() - 2 * DAY}})
    claimed = await services.uploads.claim(ana.id, [file["url"]])
    assert await services.sweeper.sweep() == 0
    await services.uploads.share(claimed, direct_conversation(ana.id, ana.id))
    assert (await download(ana, file["url"])).code == 200


@pytest.mark.gen_test
async def test_a_swept_file_cannot_be_shared_any_more(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"gone")
    claimed = await services.uploads.claim(ana.id, [file["url"]])
    await services.sweeper.sweep(now() + 2 * DAY)
    with pytest.raises(ChatError) as caught:
        await services.uploads.share(claimed, direct_conversation(ana.id, ana.id))
    assert caught.value.fields is not None
    assert list(caught.value.fields) == ["files"]


@pytest.mark.gen_test
async def test_a_round_that_was_cut_short_is_finished_by_the_next(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"condemned, then the server crashed")
    await services.collections.files.condemn(file["id"], now() + DAY)
    assert (await download(ana, file["url"])).code == 404
    await services.sweeper.sweep(now() + 2 * DAY)
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_what_a_crash_left_of_an_upload_goes_after_a_day(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    kept = await upload(ana, b"kept")
    delivery = await services.intake.begin(ana.id)
    await delivery.begin_file("note.txt")
    await delivery.write(b"all of it, but then the server crashed")
    await delivery.end_file()
    await services.collections.quotas.take(ana.id, 1000, 10_000)
    assert len((await left_behind(services, ana))[0]) == 2
    await services.uploads.claim(ana.id, [kept["url"]])
    for path in services.disk.folder.rglob("*.part"):
        os.utime(path, (0, 0))
    await services.sweeper.sweep()
    (file,), records, used = await left_behind(services, ana)
    assert (file.content, records, used) == (b"kept", 1, 4)


@pytest.mark.gen_test
async def test_a_round_takes_more_than_one_batch(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realchat.sweep._BATCH", 2)
    ana = await register(http_client, base_url)
    for _ in range(5):
        await upload(ana, b"unused")
    assert await services.sweeper.sweep(now() + 2 * DAY) == 5


@pytest.mark.parametrize("store", ["disk"], indirect=True)
@pytest.mark.gen_test
async def test_a_file_that_cannot_be_removed_keeps_no_other_one(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realchat.sweep._BATCH", 2)
    ana = await register(http_client, base_url)
    stuck = (await upload(ana, b"a folder is in its place"))["id"]
    for _ in range(3):
        await upload(ana, b"unused")
    [path] = services.disk.folder.rglob(stuck)
    path.unlink()
    path.mkdir()
    assert await services.sweeper.sweep(now() + 2 * DAY) == 3
    path.rmdir()
    assert await services.sweeper.sweep(now() + 2 * DAY) == 1
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_only_ones_own_files_can_be_claimed(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eve = [await register(http_client, base_url) for _ in range(2)]
    file = await upload(ana, b"mine")
    (claimed,) = await services.uploads.claim(ana.id, [file["url"], file["url"]])
    assert claimed.id == file["id"]
    wrong = (file["url"] + "x", "/uploads/" + "0" * 24 + "/note.txt", "https://example.org/", "")
    for owner, url in ((eve, file["url"]), *((ana, url) for url in wrong)):
        with pytest.raises(ChatError) as caught:
            await services.uploads.claim(owner.id, [url])
        assert caught.value.code.code == "validation_error"
