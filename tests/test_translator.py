"""The engine as a part of the server: which one is on, and what is told of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine import skip_without_apertium
from faulty_engine import Fault, FaultyEngine, languages
from msgspec import structs
from people import Person, register
from processes import ServerProcess, is_alive, wait_until
from raw_http import exchange, request
from sockets import device
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from realchat.services import Services
from realchat.settings import Settings
from realchat.startup import describe


async def meet(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana, who writes Spanish, and Bru, who reads Catalan."""
    return (
        await register(http, base_url, "Ana", language="es"),
        await register(http, base_url, "Bru", language="ca"),
    )


def block_of(services: Services) -> str:
    """Return what the start-up block says of the translation."""
    engine = services.readiness.details.translation
    block = describe(services.settings, "MongoDB", "Redis", engine, given_secrets=True)
    (line,) = [line for line in block.splitlines() if line.startswith("  translation ")]
    return line.removeprefix("  translation ").strip()


class TestApertium:
    """A server that is to translate with this machine's Apertium."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        skip_without_apertium()
        return structs.replace(settings, translator="apertium")

    @pytest.mark.gen_test
    async def test_a_message_reaches_its_reader_in_both_languages(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            await ana.post(
                "/messages", {"recipient_id": bru.id, "content": "Buenos días.\nLa casa es grande."}
            )
            assert (await phone.expect("message"))["translation"]["status"] == "pending"
            translation = await phone.expect("translation")
            assert translation["content"] == "Bon dia.\nLa casa és gran."
            assert translation["engine"] == "Apertium"

    @pytest.mark.gen_test
    async def test_its_pairs_are_told(
        self, http_server: HTTPServer, http_port: int, services: Services
    ) -> None:
        ready = (await exchange(http_port, request("GET /readyz"))).json()
        assert ready["parts"]["translation"] == "on"
        told = ready["details"]["translation"]
        assert (told["engine"], told["where"]) == ("Apertium", "on this machine")
        assert "ca" in told["pairs"]["es"]
        assert block_of(services).startswith("by Apertium on this machine: ca-es, es-ca")


@pytest.mark.gen_test(timeout=60)
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_apertium_s_programs_end_with_the_server(tmp_path: Path, end: signal.Signals) -> None:
    skip_without_apertium()
    http = AsyncHTTPClient(force_instance=True)
    with ServerProcess(tmp_path, TRANSLATOR="apertium") as server:
        assert "by Apertium on this machine: ca-es, es-ca" in server.stdout
        ana, bru = await meet(http, server.url)
        async with device(bru) as phone:
            await ana.post("/messages", {"recipient_id": bru.id, "content": "La casa es roja."})
            assert (await phone.expect("translation"))["content"] == "La casa és vermella."
            programs = programs_of(server.process.pid)
            assert len(programs) > 5
            server.process.send_signal(end)
            await phone.closed()
        server.wait()
        wait_until(lambda: not any(map(is_alive, programs)))
    http.close()


def programs_of(process: int) -> list[int]:
    """Return the ids of a process's children that are Apertium's."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [
        int(each)
        for each in children
        if Path(f"/proc/{each}/comm").read_text().startswith(("lt-", "lrx-", "cg-", "apertium"))
    ]


class TestLibreTranslate:
    """A server that is to translate with a LibreTranslate that has faults."""

    @pytest.fixture
    def engine(self, io_loop: IOLoop) -> Iterator[FaultyEngine]:
        started = FaultyEngine()
        started.languages = languages(es=["en"], en=["ca"])
        io_loop.run_sync(started.start)
        yield started
        io_loop.run_sync(started.stop)

    @pytest.fixture
    def settings(self, settings: Settings, engine: FaultyEngine) -> Settings:
        return structs.replace(settings, libretranslate_url=engine.url)

    @pytest.mark.gen_test
    async def test_its_pairs_are_told(
        self, http_server: HTTPServer, http_port: int, services: Services, engine: FaultyEngine
    ) -> None:
        ready = (await exchange(http_port, request("GET /readyz"))).json()
        assert ready["parts"]["translation"] == "on"
        assert ready["details"]["translation"] == {
            "engine": "LibreTranslate",
            "where": f"at {engine.url}",
            "answers": True,
            "pairs": {"en": ["ca"], "es": ["en"]},
        }
        assert block_of(services) == f"by LibreTranslate at {engine.url}: en-ca, es-en"
        assert (
            b'realchat_translation_targets{engine="LibreTranslate",source="es"} 1.0'
            in (await exchange(http_port, request("GET /metrics"))).body
        )

    @pytest.mark.gen_test
    async def test_a_server_without_its_engine_is_ready_and_says_that_it_is_away(
        self, http_server: HTTPServer, http_port: int, services: Services, engine: FaultyEngine
    ) -> None:
        await engine.stop()
        assert services.engine is not None
        await services.engine.check()
        ready = await exchange(http_port, request("GET /readyz"))
        assert (ready.status, ready.json()["parts"]["translation"]) == (200, "away")
        assert block_of(services) == f"by LibreTranslate at {engine.url}, which does not answer now"

    @pytest.mark.gen_test
    async def test_a_text_that_went_through_english_says_so_then_and_later(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            await ana.post("/messages", {"recipient_id": bru.id, "content": "La casa"})
            assert (await phone.expect("translation"))["engine"] == "LibreTranslate via English"
        await services.tasks.drain()
        (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert read["translation"]["engine"] == "LibreTranslate via English"

    @pytest.mark.gen_test
    async def test_what_could_not_be_had_is_had_when_the_engine_is_back(
        self, http_client: AsyncHTTPClient, base_url: str, engine: FaultyEngine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        await engine.stop()
        async with device(bru) as phone:
            sent = (await ana.post("/messages", {"recipient_id": bru.id, "content": "Hola"})).json
            assert (await phone.expect("translation"))["reason"] == "engine_unreachable"
        await engine.start()
        again = (await bru.get(f"/messages/{sent['id']}/translation")).json
        assert again["status"] == "ready"

    @pytest.mark.gen_test
    async def test_the_reason_of_a_refusal_is_told_and_counted(
        self, http_client: AsyncHTTPClient, base_url: str, engine: FaultyEngine, http_port: int
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        engine.faults = [Fault(429, headers={"Retry-After": "600"})]
        async with device(bru) as phone:
            await ana.post("/messages", {"recipient_id": bru.id, "content": "Hola"})
            assert (await phone.expect("translation"))["reason"] == "rate_limited"
        measures = await exchange(http_port, request("GET /metrics"))
        assert b'realchat_translation_refusals_total{reason="rate_limited"}' in measures.body
