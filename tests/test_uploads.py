"""Files coming in: what is told of them, what is refused, and that nothing stays of that."""

from __future__ import annotations

import asyncio
import hashlib
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from forms import (
    CONTENT_TYPE,
    END,
    NOTHING,
    Part,
    announce,
    form,
    left_behind,
    part,
    png,
    send,
    until,
    upload,
)
from people import Client, register
from raw_http import Answer, exchange, read_answer
from tornado.httpclient import AsyncHTTPClient

from realchat.errors import ChatError, Code
from realchat.services import Services
from realchat.settings import Settings

KIB = 1024
MIB = 1024 * KIB


@pytest.fixture
def settings(settings: Settings, store: dict[str, str]) -> Settings:
    """Small limits: 100 KiB a file, 300 KiB a user; both stores."""
    return msgspec.structs.replace(
        settings, max_upload_bytes=100 * KIB, upload_quota_bytes=300 * KIB, **store
    )


@pytest.mark.gen_test
async def test_a_question_with_a_body_is_no_upload(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    headers = {"Content-Type": CONTENT_TYPE}
    asked = await ana.call("OPTIONS", "/upload", raw=form(part(b"hello")), headers=headers)
    assert asked.status == 204
    assert await left_behind(services, ana) == NOTHING


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
    (kept,), records, used = await left_behind(services, ana)
    assert kept == (f"{file['id'][-2:]}/{file['id']}", b"hello")
    assert (records, used) == (1, 5)


@pytest.mark.gen_test
async def test_an_image_is_told_with_its_size_in_pixels(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, png(30, 20), "picture.html")
    assert (file["type"], file["width"], file["height"]) == ("image/png", 30, 20)


@pytest.mark.gen_test
async def test_several_files_of_a_form_come_back_in_their_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    reply = await send(ana, form(part(b"1", "a"), part(b"", "b"), part(b"333", "c")))
    assert [(file["name"], file["size"]) for file in reply.json["files"]] == [
        ("a", 1),
        ("b", 0),
        ("c", 3),
    ]


@pytest.mark.gen_test
async def test_bytes_that_look_like_the_boundary_are_kept(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    content = (b"\r\n" + END[:-6] + b"x\r\n--\r\n") * 500
    await upload(ana, content)
    (kept,), _, _ = await left_behind(services, ana)
    assert kept.content == content


@pytest.mark.gen_test
async def test_the_name_is_cleaned_and_never_a_path(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"x", "../../../etc/pass\u202ewd\x00.txt")
    assert file["name"] == "passwd.txt"
    assert file["url"] == f"/uploads/{file['id']}/passwd.txt"
    (kept,), _, _ = await left_behind(services, ana)
    assert kept.name == f"{file['id'][-2:]}/{file['id']}"


REFUSED = {
    "another field": (form(part(b"x", field="avatar")), CONTENT_TYPE, 400),
    "another field after a file": (form(part(b"x"), part(b"y", field="z")), CONTENT_TYPE, 400),
    "no disposition": (form(Part(b"x", b"")), CONTENT_TYPE, 400),
    "no file": (END, CONTENT_TYPE, 400),
    "no form": (b"hello", CONTENT_TYPE, 400),
    "cut off": (form(part(b"x" * 1000))[:-20], CONTENT_TYPE, 400),
    "no boundary": (form(part(b"x")), "multipart/form-data", 400),
    "a boundary without end": (
        form(part(b"x")),
        "multipart/form-data; boundary=" + "a" * 300,
        400,
    ),
    "too many files": (form(*[part(b"x")] * 11), CONTENT_TYPE, 400),
    "endless headers": (form(Part(b"x", b"a" * 10_000)), CONTENT_TYPE, 400),
    "another type": (b"{}", "application/json", 415),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.gen_test
async def test_what_is_no_form_of_files_is_refused_and_leaves_nothing(
    case: str, http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    body, content_type, status = REFUSED[case]
    ana = await register(http_client, base_url)
    reply = await send(ana, body, content_type)
    code = "invalid_upload" if status == 400 else "unsupported_media_type"
    assert (reply.status, reply.error) == (status, code)
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_an_upload_without_a_body_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    assert (await ana.post("/upload")).error == "invalid_upload"


@pytest.mark.gen_test
async def test_nobody_uploads_without_signing_in(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    nobody = Client(http_client, base_url)
    reply = await nobody.call(
        "POST", "/upload", raw=form(part(b"x")), headers={"Content-Type": CONTENT_TYPE}
    )
    assert (reply.status, reply.error) == (401, "not_authenticated")


@pytest.mark.gen_test
async def test_a_file_of_exactly_the_limit_is_taken(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    assert (await upload(ana, b"x" * 100 * KIB))["size"] == 100 * KIB


@pytest.mark.gen_test
async def test_a_file_over_the_limit_takes_the_whole_form_with_it(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    reply = await send(ana, form(part(b"small"), part(b"x" * (100 * KIB + 1))))
    assert (reply.status, reply.error) == (413, "file_too_large")
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.gen_test
async def test_a_client_reads_why_while_it_is_still_sending(
    is_chunked: bool,
    http_client: AsyncHTTPClient,
    base_url: str,
    http_port: int,
    services: Services,
) -> None:
    ana = await register(http_client, base_url)
    body = form(part(b"x" * 16 * MIB))
    head = announce(ana, None if is_chunked else len(body))
    encoded = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if is_chunked else body
    answer = await exchange(http_port, head, encoded)
    assert (answer.status, answer.code) == (413, "file_too_large")
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.parametrize("length", ["abc", "-1", "+5", "5, 6", "\u0661"])
@pytest.mark.gen_test
async def test_a_length_that_is_no_number_is_bad_http(
    length: str, http_client: AsyncHTTPClient, base_url: str, http_port: int
) -> None:
    ana = await register(http_client, base_url)
    head = announce(ana, 5).replace(b"Content-Length: 5", f"Content-Length: {length}".encode())
    answer = await exchange(http_port, head, b"hello")
    assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.gen_test
async def test_a_length_beyond_all_numbers_is_too_large(
    http_client: AsyncHTTPClient, base_url: str, http_port: int
) -> None:
    ana = await register(http_client, base_url)
    answer = await exchange(
        http_port, announce(ana, 5).replace(b": 5", b": " + b"9" * 5000), b"hello"
    )
    assert (answer.status, answer.code) == (413, "file_too_large")


@pytest.mark.gen_test
async def test_who_asks_before_sending_is_refused_before_sending(
    http_client: AsyncHTTPClient, base_url: str, http_port: int
) -> None:
    ana = await register(http_client, base_url)
    answer = await exchange(http_port, announce(ana, 100 * MIB, "Expect: 100-continue"))
    assert (answer.status, answer.code) == (413, "file_too_large")


@pytest.mark.gen_test
async def test_the_quota_counts_all_files_of_a_user(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    for _ in range(3):
        await upload(ana, b"x" * 99 * KIB)
    reply = await send(ana, form(part(b"x" * 4 * KIB)))
    assert (reply.status, reply.error) == (413, "quota_exceeded")
    files, records, used = await left_behind(services, ana)
    assert (len(files), records, used) == (3, 3, 3 * 99 * KIB)
    assert (await send(ana, form(part(b"x" * 3 * KIB)))).status == 201


@pytest.mark.gen_test
async def test_uploads_at_once_do_not_exceed_the_quota_together(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    body = form(part(b"x" * 90 * KIB))
    replies = await asyncio.gather(*(send(ana, body) for _ in range(8)))
    kept = [reply for reply in replies if reply.status == 201]
    assert {reply.error for reply in replies} == {"", "quota_exceeded"}
    files, records, used = await left_behind(services, ana)
    assert len(kept) == len(files) == records
    assert used == records * 90 * KIB <= 300 * KIB
    assert not services.intake.arriving


@pytest.mark.gen_test
async def test_space_is_taken_as_far_as_the_quota_goes_by_many_servers_at_once(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    take = services.collections.quotas.take
    taken = await asyncio.gather(*(take(ana.id, 60, 300) for _ in range(10)))
    assert sorted(taken) == [False] * 5 + [True] * 5
    assert await services.collections.quotas.used(ana.id) == 300


@pytest.mark.gen_test
async def test_bytes_beyond_the_quota_never_reach_the_disk(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    deliveries = [await services.intake.begin(ana.id) for _ in range(4)]
    for delivery in deliveries:
        await delivery.begin_file("note.txt")
    for delivery in deliveries[:3]:
        await delivery.write(b"x" * 100 * KIB)
    with pytest.raises(ChatError) as caught:
        await deliveries[3].write(b"x")
    assert caught.value.code is Code.QUOTA_EXCEEDED
    for delivery in deliveries:
        await delivery.discard()
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_an_upload_cut_off_half_way_leaves_nothing(
    http_client: AsyncHTTPClient, base_url: str, http_port: int, services: Services
) -> None:
    ana = await register(http_client, base_url)
    body = form(part(b"first"), part(b"x" * 90 * KIB))
    _, writer = await asyncio.open_connection("127.0.0.1", http_port)
    writer.write(announce(ana, len(body)) + body[: 50 * KIB])
    await until(lambda: bool(services.intake.arriving))
    writer.close()
    await until(lambda: not services.intake.arriving)
    assert await left_behind(services, ana) == NOTHING


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.gen_test
async def test_a_disk_that_takes_no_more_is_told_and_nothing_stays(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    with no_file_larger_than(20 * KIB):
        reply = await send(ana, form(part(b"x" * 10 * KIB), part(b"x" * 90 * KIB)))
    assert (reply.status, reply.error) == (507, "storage_full")
    assert await left_behind(services, ana) == NOTHING
    assert (await send(ana, form(part(b"x" * 90 * KIB)))).status == 201


@pytest.mark.gen_test
async def test_a_disk_that_cannot_keep_what_has_come_is_told_and_nothing_stays(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    delivery = await services.intake.begin(ana.id)
    for content in (b"one", b"two"):
        await delivery.begin_file("note.txt")
        await delivery.write(content)
        await delivery.end_file()
    lose_a_part(services)
    with pytest.raises(FileNotFoundError):
        await delivery.keep()
    await delivery.discard()
    assert await left_behind(services, ana) == NOTHING


def lose_a_part(services: Services) -> None:
    next((services.disk.folder / "tmp").iterdir()).unlink()


def peak_memory() -> int:
    """Return the most memory that this process has had since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * KIB


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


class TestLargeFiles:
    """With the limits of a real server."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Limits that 200 MiB stay within."""
        return msgspec.structs.replace(
            settings, max_upload_bytes=512 * MIB, upload_quota_bytes=512 * MIB
        )

    @pytest.mark.gen_test(timeout=60)
    async def test_memory_does_not_grow_with_the_file(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        http_port: int,
        services: Services,
    ) -> None:
        ana = await register(http_client, base_url)
        await upload(ana, b"so that all that is loaded once is loaded")
        forget_peak()
        before = peak_memory()
        answer = await send_large(http_port, announce(ana, None), 200)
        assert answer.status == 201, answer.body
        assert answer.json()["files"][0]["size"] == 200 * MIB
        assert peak_memory() - before < 24 * MIB


async def send_large(port: int, head: bytes, size: int) -> Answer:
    """Send a file of so many MiB in chunks, never holding more than one of them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    async for piece in large_form(size):
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    answer = await read_answer(reader)
    writer.close()
    return answer


async def large_form(size: int) -> AsyncIterator[bytes]:
    yield part(b"").head()
    for _ in range(size):
        yield b"\x01" * MIB
    yield b"\r\n" + END
