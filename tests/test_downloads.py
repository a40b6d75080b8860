"""Files going out: to whom, which part of them, and with which headers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from forms import download, png, upload
from msgspec import structs
from people import Client, Person, register
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from realchat.ids import direct_conversation, group_conversation, new_id
from realchat.services import Services
from realchat.settings import Settings

TEXT = b"0123456789"


@pytest.fixture
def settings(settings: Settings, store: dict[str, str]) -> Settings:
    """Both stores."""
    return structs.replace(settings, **store)


async def share(services: Services, owner: Person, files: Sequence[str], conversation: str) -> None:
    """Let a conversation have files, as a message with them does."""
    await services.uploads.share(await services.uploads.claim(owner.id, files), conversation)


async def with_cookie(person: Person, url: str, cookie: str) -> HTTPResponse:
    request = HTTPRequest(person.base_url + url, headers={"Cookie": cookie})
    return await person.http.fetch(request, raise_error=False)


@pytest.mark.gen_test
async def test_the_uploader_reads_the_file(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await download(ana, file["url"])
    assert (reply.code, reply.body) == (200, TEXT)
    headers = dict(reply.headers)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Length"] == "10"
    assert headers["Etag"] == f'"{file["sha256"]}"'
    assert headers["Last-Modified"].endswith(" GMT")
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["Vary"] == "Origin, Authorization, Cookie"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"].startswith("inline; ")


@pytest.mark.gen_test
async def test_a_large_file_comes_out_as_it_went_in(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    content = bytes(range(256)) * 20_000
    file = await upload(ana, content)
    assert (await download(ana, file["url"])).body == content


@pytest.mark.gen_test
async def test_an_empty_file_comes_out_empty(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"")
    reply = await download(ana, file["url"])
    assert (reply.code, reply.body) == (200, b"")


@pytest.mark.gen_test
async def test_a_file_that_is_not_shared_does_not_exist_for_others(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await register(http_client, base_url), await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await download(ben, file["url"])
    assert reply.code == 404
    assert b'"not_found"' in reply.body
    assert "Etag" not in reply.headers


@pytest.mark.gen_test
async def test_both_of_a_direct_conversation_read_what_is_shared_there(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben, eve = [await register(http_client, base_url) for _ in range(3)]
    file = await upload(ana, TEXT)
    await share(services, ana, [file["url"]], direct_conversation(ana.id, ben.id))
    assert (await download(ben, file["url"])).body == TEXT
    assert (await download(eve, file["url"])).code == 404


@pytest.mark.gen_test
async def test_members_of_a_group_read_its_files_and_those_who_left_do_not(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = [await register(http_client, base_url) for _ in range(2)]
    group = (await ana.post("/groups", {"name": "Us", "members": [ben.id]})).json
    file = await upload(ana, TEXT)
    await share(services, ana, [file["url"]], group_conversation(group["id"]))
    assert (await download(ben, file["url"])).code == 200
    await ben.post(f"/groups/{group['id']}/leave")
    assert (await download(ben, file["url"])).code == 404


@pytest.mark.gen_test
async def test_a_file_is_gone_from_a_conversation_that_it_was_taken_from(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = [await register(http_client, base_url) for _ in range(2)]
    conversation = direct_conversation(ana.id, ben.id)
    file = await upload(ana, TEXT)
    await share(services, ana, [file["url"]], conversation)
    await services.uploads.unshare([file["url"]], conversation)
    assert (await download(ben, file["url"])).code == 404
    assert (await download(ana, file["url"])).code == 200


@pytest.mark.gen_test
async def test_an_avatar_is_shown_to_everybody_until_it_is_replaced(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = [await register(http_client, base_url) for _ in range(2)]
    old, new = [(await upload(ana, png(size, size), "me.png"))["url"] for size in (8, 9)]
    assert (await ana.patch("/auth/me", {"avatar": old})).status == 200
    assert (await download(eve, old)).code == 200
    assert (await ana.patch("/auth/me", {"avatar": new})).status == 200
    assert [(await download(eve, url)).code for url in (old, new)] == [404, 200]
    assert (await ana.patch("/auth/me", {"avatar": None})).status == 200
    assert (await download(eve, new)).code == 404


@pytest.mark.gen_test
async def test_only_an_image_of_ones_own_becomes_an_avatar(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = [await register(http_client, base_url) for _ in range(2)]
    others = await upload(eve, png(8, 8))
    text = await upload(ana, TEXT)
    for url in (others["url"], text["url"], "https://example.org/me.png", "/uploads/../x"):
        reply = await ana.patch("/auth/me", {"avatar": url})
        assert (reply.status, list(reply.fields)) == (400, ["avatar"])


@pytest.mark.gen_test
async def test_nobody_reads_without_signing_in(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await Client(http_client, base_url).get(file["url"])
    assert (reply.status, reply.error) == (401, "not_authenticated")


@pytest.mark.gen_test
async def test_the_cookie_of_a_sign_in_is_enough(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await ana.post("/auth/login", {"email": ana.email, "password": "correct horse battery"})
    cookie = reply.headers["Set-Cookie"].partition(";")[0]
    assert (await with_cookie(ana, file["url"], cookie)).body == TEXT
    assert (await with_cookie(ana, file["url"], cookie + "x")).code == 401
    name = cookie.partition("=")[0]
    assert (await with_cookie(ana, file["url"], f"{name}={ana.token}")).code == 401


@pytest.mark.gen_test
async def test_another_name_or_id_is_not_found(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    for path in (f"{file['id']}/other.txt", f"{new_id()}/note.txt", "nothing/note.txt"):
        reply = await ana.get(f"/uploads/{path}")
        assert (reply.status, reply.error) == (404, "not_found")


@pytest.mark.gen_test
async def test_a_file_whose_bytes_are_lost_is_not_found(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    await (services.bucket or services.disk).remove(file["id"])
    assert (await download(ana, file["url"])).code == 404


RANGES = {
    "bytes=0-3": (206, b"0123", "bytes 0-3/10"),
    "bytes=4-": (206, b"456789", "bytes 4-9/10"),
    "bytes=-3": (206, b"789", "bytes 7-9/10"),
    "bytes=-30": (206, TEXT, "bytes 0-9/10"),
    "bytes=9-99": (206, b"9", "bytes 9-9/10"),
    "Bytes = 1-1": (206, b"1", "bytes 1-1/10"),
    "bytes=0-1,4-5": (200, TEXT, None),
    "bytes=5-2": (200, TEXT, None),
    "bytes=-": (200, TEXT, None),
    "bytes=a-b": (200, TEXT, None),
    "lines=1-2": (200, TEXT, None),
    "bytes=10-": (416, None, "bytes */10"),
    "bytes=-0": (416, None, "bytes */10"),
    "bytes=9999999999999999999-": (416, None, "bytes */10"),
}


@pytest.mark.parametrize("wanted", RANGES)
@pytest.mark.gen_test
async def test_a_range_is_answered_as_the_standard_says(
    wanted: str, http_client: AsyncHTTPClient, base_url: str
) -> None:
    status, body, content_range = RANGES[wanted]
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await download(ana, file["url"], Range=wanted)
    assert reply.code == status
    assert reply.headers.get("Content-Range") == content_range
    if body is None:
        assert b'"range_not_satisfiable"' in reply.body
    else:
        assert reply.body == body


@pytest.mark.gen_test
async def test_a_range_counts_only_if_the_file_is_still_the_same(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    date = (await download(ana, file["url"])).headers["Last-Modified"]
    etag = f'"{file["sha256"]}"'
    for condition, status in ((etag, 206), (date, 206), ('"other"', 200), (f"W/{etag}", 200)):
        reply = await download(ana, file["url"], Range="bytes=0-3", If_Range=condition)
        assert reply.code == status


@pytest.mark.gen_test
async def test_who_has_the_file_gets_no_bytes(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    etag = f'"{file["sha256"]}"'
    for given, status in ((etag, 304), (f'"x", W/{etag}', 304), ("*", 304), ('"x"', 200)):
        reply = await download(ana, file["url"], If_None_Match=given)
        assert reply.code == status
        assert reply.headers["Etag"] == etag
        assert "Cache-Control" in reply.headers


@pytest.mark.gen_test
async def test_head_tells_of_the_file_without_its_bytes(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, TEXT)
    reply = await download(ana, file["url"], "HEAD")
    assert (reply.code, reply.body) == (200, b"")
    assert reply.headers["Content-Length"] == "10"
    assert reply.headers["Etag"] == f'"{file["sha256"]}"'


SHOWN = {
    "a text": (TEXT, "text/plain; charset=utf-8", "inline"),
    "an image": (png(2, 2), "image/png", "inline"),
    "a page": (b"<!DOCTYPE html><script>alert(1)</script>", "text/html", "attachment"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "attachment"),
    "a document": (b"%PDF-1.7\n\xff\xfe", "application/pdf", "attachment"),
    "anything": (b"\x00\x01\x02", "application/octet-stream", "attachment"),
}


@pytest.mark.parametrize("what", SHOWN)
@pytest.mark.gen_test
async def test_only_what_is_safe_is_shown_inline(
    what: str, http_client: AsyncHTTPClient, base_url: str
) -> None:
    content, kind, how = SHOWN[what]
    ana = await register(http_client, base_url)
    file = await upload(ana, content, "picture.png")
    reply = await download(ana, file["url"])
    assert reply.headers["Content-Type"] == file["type"] == kind
    assert reply.headers["Content-Disposition"].partition(";")[0] == how


@pytest.mark.gen_test
async def test_the_name_comes_back_in_ascii_and_as_it_is(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"\x00", "señor %22100%%22; x='é'.bin")
    assert file["name"] == "señor \"100%\"; x='é'.bin"
    reply = await download(ana, file["url"])
    assert reply.headers["Content-Disposition"] == (
        "attachment; filename=\"se_or _100__; x='_'.bin\"; "
        "filename*=UTF-8''se%C3%B1or%20%22100%25%22%3B%20x%3D%27%C3%A9%27.bin"
    )


@pytest.mark.gen_test
async def test_a_file_in_a_message_is_read_until_the_message_is_deleted(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = [await register(http_client, base_url) for _ in range(2)]
    file = await upload(ana, png(30, 20), "view.png")
    sent = await ana.post("/messages", {"recipient_id": ben.id, "files": [file["url"]]})
    assert sent.status == 201
    assert sent.json["attachments"] == [
        {name: file[name] for name in ("url", "name", "size", "type", "width", "height")}
    ]
    (message,) = (await ben.get("/messages/dm", user_id=ana.id)).json
    assert (await download(ben, message["files"][0])).code == 200
    assert (await ana.delete(f"/messages/{message['id']}")).status in (200, 204)
    await services.tasks.drain()
    assert (await download(ben, file["url"])).code == 404


@pytest.mark.gen_test
async def test_a_message_with_somebody_else_s_file_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await register(http_client, base_url) for _ in range(2)]
    file = await upload(ana, TEXT)
    reply = await ben.post("/messages", {"recipient_id": ana.id, "files": [file["url"]]})
    assert (reply.status, list(reply.fields)) == (400, ["files"])


@pytest.mark.gen_test
async def test_of_two_avatars_set_at_once_the_one_that_is_named_can_be_read(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = [await register(http_client, base_url) for _ in range(2)]
    urls = [(await upload(ana, png(size, size)))["url"] for size in (4, 5)]
    for _ in range(20):
        await asyncio.gather(*(ana.patch("/auth/me", {"avatar": url}) for url in urls))
        named = (await eve.get(f"/users/{ana.id}")).json["avatar_url"]
        answers = {url: (await download(eve, url)).code for url in urls}
        assert answers == {url: 200 if url == named else 404 for url in urls}
