"""WebSocket frames as hostile and clumsy clients send them, and readers who do not read."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from people import Person, register
from processes import ServerProcess
from raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, command, frame, raw_socket
from sockets import PATIENCE, Device, device
from tornado.httpclient import AsyncHTTPClient

import handlers.outbox
import handlers.wire
from handlers.heartbeat import Heartbeat
from handlers.wire import Wire
from realchat.services import Services

FINAL, NOT_FINAL = 0x80, 0x00
# Messages of 10 kB each: more than the kernel keeps for a socket that nobody reads.
MUCH = 700
PING_COMMAND = json.dumps({"type": "ping", "ref": "p"})


def close_with(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode())


@pytest.mark.gen_test
async def test_a_message_in_parts_is_put_together(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    text = PING_COMMAND.encode()
    async with raw_socket(ana) as socket:
        await socket.send(
            frame(TEXT, text[:5], first=NOT_FINAL),
            frame(PING, b"between"),
            frame(CONTINUATION, text[5:9], first=NOT_FINAL),
            frame(CONTINUATION, text[9:]),
        )
        assert (await socket.expect(PONG)).payload == b"between"
        assert (await socket.expect(TEXT, "pong")).json()["ref"] == "p"


@pytest.mark.gen_test
async def test_a_frame_may_come_byte_by_byte(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    long = json.dumps({"type": "ping", "ref": "r" * 64, "x": 1})
    async with raw_socket(ana) as socket:
        for each in frame(TEXT, long):
            await socket.send(bytes((each,)))
            await asyncio.sleep(0)
        assert (await socket.expect(TEXT, "error")).json()["code"] == "unknown_field"


@pytest.mark.gen_test
async def test_many_frames_at_once_are_carried_out_in_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    refs = [str(number) for number in range(500)]
    async with raw_socket(ana) as socket:
        await socket.send(b"".join(command("ping", ref=ref) for ref in refs))
        assert [(await socket.expect(TEXT, "pong")).json()["ref"] for _ in refs] == refs


@pytest.mark.gen_test
async def test_what_comes_right_behind_the_handshake_is_not_lost(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana, command("ping", ref="early")) as socket:
        assert (await socket.expect(TEXT, "pong")).json()["ref"] == "early"


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_behind_the_handshake_keeps_its_order_in_the_real_server(
    tmp_path: Path,
) -> None:
    # On uvloop, which reads on before whoever awaits the transport is told of it.
    with ServerProcess(tmp_path) as server:
        ana = await register(AsyncHTTPClient(force_instance=True), server.url)
        for _ in range(20):
            refs = [str(number) for number in range(40)]
            async with raw_socket(ana, *(command("ping", ref=ref) for ref in refs[:20])) as socket:
                await socket.send(*(command("ping", ref=ref) for ref in refs[20:]))
                assert [(await socket.expect(TEXT, "pong")).json()["ref"] for _ in refs] == refs


@pytest.mark.gen_test
async def test_what_was_sent_before_the_connection_broke_is_stored(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    texts = [f"text {number}" for number in range(20)]
    async with device(ben) as phone:
        async with raw_socket(ana) as socket:
            await socket.expect(TEXT, "hello")
            sent = [command("send_message", recipient_id=ben.id, content=text) for text in texts]
            await socket.send(b"".join(sent))
        assert [(await phone.expect("message"))["content"] for _ in texts] == texts


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
@pytest.mark.gen_test
async def test_a_close_code_is_echoed(
    http_client: AsyncHTTPClient, base_url: str, code: int
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(close_with(code, "bye"))
        assert await socket.closed() == code
        assert await socket.receive() is None


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
@pytest.mark.gen_test
async def test_a_code_that_nobody_may_send_is_not_echoed(
    http_client: AsyncHTTPClient, base_url: str, code: int
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(close_with(code))
        assert await socket.closed() == 1002
        assert await socket.receive() is None


@pytest.mark.gen_test
async def test_a_close_behind_a_command_counts_when_the_server_closes_first(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana = await register(http_client, base_url)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(*arguments: object) -> None:
        begun.set()
        await gate.wait()

    monkeypatch.setattr(handlers.wire, "CLOSE_PATIENCE", 10 * PATIENCE)
    monkeypatch.setattr(services.inbox, "mark_read", wait)
    async with raw_socket(ana) as socket:
        read = command("read", ref="r", conversation=f"group:{ana.id}", seq=1)
        await socket.send(read, close_with(1000))
        await begun.wait()
        await ana.post("/auth/logout")
        assert await socket.closed() == 4401
        assert await socket.receive() is None
        gate.set()


@pytest.mark.gen_test
async def test_a_close_without_a_code_is_answered_without_one(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(frame(CLOSE))
        assert await socket.closed() is None
        assert await socket.receive() is None


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, "{}", mask=None), 1002),
        (frame(TEXT, "{}", first=FINAL | 0x40), 1002),
        (frame(3, "{}"), 1002),
        (frame(11, ""), 1002),
        (frame(PING, "in parts", first=NOT_FINAL), 1002),
        (frame(PING, "x" * 126), 1002),
        (frame(CONTINUATION, "of nothing"), 1002),
        (frame(TEXT, "a", first=NOT_FINAL) + frame(TEXT, "b"), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, "x" * 65_537), 1009),
        (frame(BINARY, "x" * 65_537)[:14], 1009),
        (frame(TEXT, "x" * 40_000, first=NOT_FINAL) + frame(CONTINUATION, "x" * 40_000), 1009),
    ],
)
@pytest.mark.gen_test
async def test_what_is_no_websocket_is_closed_with_its_code(
    http_client: AsyncHTTPClient, base_url: str, sent: bytes, code: int
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(sent)
        assert await socket.closed() == code


@pytest.mark.gen_test
async def test_after_what_is_too_long_the_end_can_be_seen_at_once(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers.wire, "CLOSE_PATIENCE", 3600)
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(frame(TEXT, "x" * 65_537))
        assert await socket.closed() == 1009
        await socket.send(close_with(1009))
        assert await socket.receive() is None


@pytest.mark.gen_test
async def test_compression_is_not_taken_up(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    async with raw_socket(ana, headers=offer) as socket:
        await socket.send(frame(TEXT, b"\x00" * 64, first=FINAL | 0x40))
        assert await socket.closed() == 1002


@pytest.mark.gen_test
async def test_endless_parts_take_no_memory(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as socket:
        await socket.send(frame(TEXT, "", first=NOT_FINAL))
        before = memory()
        for _ in range(50):
            await socket.send(frame(CONTINUATION, "", first=NOT_FINAL) * 2_000)
        await socket.send(frame(PING, b"still there"))
        assert (await socket.expect(PONG)).payload == b"still there"
        assert memory() - before < 10


@pytest.mark.gen_test
async def test_a_flood_of_pings_takes_no_memory_where_nobody_reads_the_pongs(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with raw_socket(ana, limit=2**10) as socket, device(ana) as phone:
        before = memory()
        pings = frame(PING, "x" * 125) * 1_000
        for _ in range(200):  # 26 MB, of which the kernel takes some
            await socket.send(pings)
        await socket.send(frame(PING, b"the last"))
        assert (await phone.command("ping"))["type"] == "pong"
        assert memory() - before < 10
        while (await socket.expect(PONG)).payload != b"the last":
            pass


@pytest.mark.gen_test
async def test_one_who_does_not_read_is_cut_off_and_costs_the_others_nothing(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers.outbox, "MAX_BYTES", 200_000)
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with raw_socket(ben, limit=2**10) as stalled, device(ben) as phone, device(ana) as sender:
        reading = asyncio.ensure_future(read_all(phone))
        await write_much(sender, ben)
        seqs = await reading
        assert seqs == list(range(1, MUCH + 1))
        assert await stalled.closed() == 4408


@pytest.mark.gen_test
async def test_one_who_takes_nothing_for_too_long_is_cut_off(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers.outbox, "STALL", 0.3)
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with raw_socket(ben, limit=2**10) as stalled, device(ana) as sender:
        await write_much(sender, ben)
        await asyncio.sleep(0.5)
        assert await stalled.closed() == 4408


@pytest.mark.gen_test
async def test_one_who_reads_again_gets_everything_in_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with raw_socket(ben, limit=2**10) as slow, device(ana) as sender:
        await write_much(sender, ben, MUCH // 2)
        seqs = [(await slow.expect(TEXT, "message")).json()["seq"] for _ in range(MUCH // 2)]
        assert seqs == list(range(1, MUCH // 2 + 1))


@pytest.mark.gen_test
async def test_a_connection_whose_client_is_silent_is_asked_and_then_let_go(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "heartbeat", Heartbeat(beat=0.03))
    ana = await register(http_client, base_url)
    async with raw_socket(ana) as silent, raw_socket(ana) as answering:
        await silent.expect(PING)
        for _ in range(3):
            asked = await answering.expect(PING)
            await answering.send(frame(PONG, asked.payload))
        while await silent.receive() is not None:
            pass
        await answering.send(command("ping", ref="here"))
        assert (await answering.expect(TEXT, "pong")).json()["ref"] == "here"


class Beating:
    """A connection that notes what the heartbeat does to it."""

    silent = 0

    def __init__(self, *, is_paused: bool) -> None:
        self.is_paused = is_paused
        self.done: list[str] = []
        self.was_dropped = asyncio.Event()

    def write_ping(self, data: bytes) -> None:
        self.done.append("asked")

    def drop(self) -> None:
        self.done.append("dropped")
        self.was_dropped.set()


@pytest.mark.gen_test
async def test_one_who_takes_nothing_is_the_outboxs_to_cut_off_not_the_heartbeats() -> None:
    heartbeat = Heartbeat(beat=0)
    silent, stalled = Beating(is_paused=False), Beating(is_paused=True)
    heartbeat.add(stalled)
    heartbeat.add(silent)
    await silent.was_dropped.wait()
    heartbeat.remove(silent)
    heartbeat.remove(stalled)
    assert (silent.done[:2], stalled.done) == (["asked", "dropped"], [])


async def write_much(sender: Device, recipient: Person, times: int = MUCH) -> None:
    for number in range(times):
        content = f"{number} ".ljust(9_999, "x")
        await sender.command("send_message", recipient_id=recipient.id, content=content)


async def read_all(reader: Device) -> list[int]:
    return [(await reader.expect("message"))["seq"] for _ in range(MUCH)]


def memory() -> float:
    """Return this process's resident memory in MB; the server runs in it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
