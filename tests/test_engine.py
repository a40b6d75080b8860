"""The LibreTranslate engine under faults: what is tried again, and when it is left alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from faulty_engine import CLOSED, CUT, GARBAGE, Fault, FaultyEngine, languages
from forms import until
from msgspec import structs
from prometheus_client import REGISTRY
from tornado.ioloop import IOLoop

from realchat.engine import Engine, Patience
from realchat.errors import TranslationFailedError
from realchat.translators import LibreTranslate

# As patient as in service, but quicker about it.
QUICK = Patience(deadline=20, jobs=2, waiting=3, pause=0.01, failures=2, rest=0.3, first_brake=0.05)
# Where it is the deadline that ends all.
HASTY = structs.replace(QUICK, deadline=1)


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[FaultyEngine]:
    """A server with faults."""
    started = FaultyEngine()
    io_loop.run_sync(started.start)
    yield started
    started.gate.set()
    io_loop.run_sync(started.stop)


@pytest.fixture
def engine(server: FaultyEngine) -> Engine:
    """The engine that asks it."""
    return Engine(LibreTranslate(server.url), QUICK)


async def refusal(engine: Engine, text: str = "hello", source: str = "en") -> str:
    """Return the reason why a text is not translated into Spanish."""
    with pytest.raises(TranslationFailedError) as refused:
        await engine.translate(text, source, "es")
    return refused.value.reason


def measure(name: str, **labels: str) -> float:
    """Return a measure of LibreTranslate as it is now."""
    sample = REGISTRY.get_sample_value(
        f"realchat_translation_{name}", {"engine": "LibreTranslate", **labels}
    )
    return sample or 0


@pytest.mark.gen_test
async def test_a_text_is_translated_by_the_pair_that_there_is(
    engine: Engine, server: FaultyEngine
) -> None:
    assert await engine.translate("hello & goodbye\n", "en", "es") == "es:hello & goodbye\n"
    assert engine.engine_for("en", "es") == "LibreTranslate"


@pytest.mark.gen_test
async def test_without_a_direct_pair_the_text_goes_through_english_and_that_is_said(
    engine: Engine, server: FaultyEngine
) -> None:
    assert await engine.translate("hallo", "de", "es") == "es:en:hallo"
    assert server.asked == [("hallo", "de", "en"), ("en:hallo", "en", "es")]
    assert engine.engine_for("de", "es") == "LibreTranslate via English"


@pytest.mark.gen_test
async def test_a_pair_that_the_server_does_not_name_is_never_asked_for(
    engine: Engine, server: FaultyEngine
) -> None:
    assert await refusal(engine, source="fi") == "unsupported_pair"
    assert server.asked == []


@pytest.mark.gen_test
async def test_languages_are_called_as_the_server_calls_them(
    engine: Engine, server: FaultyEngine
) -> None:
    server.languages = languages(**{"en": ["zh-Hans", "zt", "pt-BR", "pt"], "pb": ["en"]})
    for target in ("zh-Hans", "zh-Hant", "pt"):
        await engine.translate("hello", "en", target)
    assert [target for _, _, target in server.asked] == ["zh-Hans", "zt", "pt"]


@pytest.mark.gen_test
async def test_an_old_server_that_names_no_targets_has_all_of_its_languages(
    engine: Engine, server: FaultyEngine
) -> None:
    server.languages = [{"code": "en", "name": "English"}, {"code": "zt", "name": "Chinese"}]
    assert await engine.translate("hello", "en", "zh-Hant") == "zt:hello"


PASSING = {
    "connection closed": CLOSED,
    "answer cut": CUT,
    "no HTTP": Fault(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "another's answer": GARBAGE,
    "no text": Fault(said='{"translatedText": null}'),
    "no translation": Fault(said="[]"),
    "no UTF-8": Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
    "nested too deep": Fault(said="[" * 100_000),
    "bad gateway": Fault(502),
    "starting": Fault(503, "loading"),
    "too many": Fault(429, '{"error": "Slowdown: 10 per 1 minute"}'),
    "too many, named": Fault(429, headers={"Retry-After": "0"}),
    "too many, by date": Fault(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    "banned": Fault(403, '{"error": "Too many request limits violations"}'),
}


@pytest.mark.gen_test
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_passes_is_tried_again(
    engine: Engine, server: FaultyEngine, fault: Fault
) -> None:
    server.faults = [fault, fault]
    assert await engine.translate("hello", "en", "es") == "es:hello"
    assert len(server.asked) == 3


LASTING = {
    "too long": (
        400,
        "Invalid request: request (9000) exceeds text limit (5000)",
        "too_long",
    ),
    "too large": (413, "", "too_long"),
    "no such pair": (400, "es (Spanish) is not available as a target language", "unsupported_pair"),
    "no such language": (400, "xx is not supported", "unsupported_pair"),
    "wrong key": (403, "Invalid API key", "engine_refused"),
    "no key": (400, "Please contact the server operator to get an API key", "engine_refused"),
    "another request": (400, "Invalid request: missing q parameter", "engine_failed"),
    "a fault": (500, "Cannot translate text: list index out of range", "engine_failed"),
    "no engine": (404, "", "engine_failed"),
}


@pytest.mark.gen_test
@pytest.mark.parametrize(("status", "error", "reason"), LASTING.values(), ids=LASTING)
async def test_what_lasts_is_refused_at_once_and_says_why(
    engine: Engine, server: FaultyEngine, status: int, error: str, reason: str
) -> None:
    server.faults = [Fault(status, json.dumps({"error": error}))]
    assert await refusal(engine) == reason
    assert len(server.asked) == 1


@pytest.mark.gen_test
async def test_refusals_of_texts_do_not_count_against_the_engine(
    engine: Engine, server: FaultyEngine
) -> None:
    server.faults = [Fault(500, "{}")] * 5
    for _ in range(5):
        assert await refusal(engine) == "engine_failed"
    assert await engine.translate("hello", "en", "es") == "es:hello"


@pytest.mark.gen_test
async def test_attempts_come_to_an_end(engine: Engine, server: FaultyEngine) -> None:
    server.faults = [GARBAGE] * 4
    assert await refusal(engine) == "engine_failed"
    assert len(server.asked) == 3


@pytest.mark.gen_test
async def test_who_is_told_to_wait_waits_as_long_as_there_is_time(
    engine: Engine, server: FaultyEngine
) -> None:
    server.faults = [Fault(429)] * QUICK.attempts
    assert await engine.translate("hello", "en", "es") == "es:hello"
    assert len(server.asked) == QUICK.attempts + 1


@pytest.mark.gen_test
async def test_a_server_with_too_much_to_do_is_not_away(
    engine: Engine, server: FaultyEngine
) -> None:
    for _ in range(QUICK.failures):
        server.faults = [Fault(429), *[GARBAGE] * QUICK.attempts]
        assert await refusal(engine) == "engine_failed"
    assert await engine.translate("hello", "en", "es") == "es:hello"


@pytest.mark.gen_test
async def test_who_is_told_to_come_back_later_does_not_come_before(
    engine: Engine, server: FaultyEngine
) -> None:
    server.faults = [Fault(429, headers={"Retry-After": "60"})]
    assert await refusal(engine) == "rate_limited"
    assert await refusal(engine) == "rate_limited"
    assert len(server.asked) == 1
    assert engine.state.answers


@pytest.mark.gen_test
async def test_an_engine_that_is_away_is_left_alone(server: FaultyEngine) -> None:
    engine = Engine(LibreTranslate(server.url), structs.replace(QUICK, rest=60))
    await engine.translate("hello", "en", "es")
    await server.stop()
    for _ in range(QUICK.failures):
        assert await refusal(engine) == "engine_unreachable"
    assert not engine.state.answers
    await server.start()
    assert await refusal(engine) == "engine_unreachable"
    assert (len(server.asked), server.looked_at) == (1, 1)


@pytest.mark.gen_test
async def test_an_engine_that_comes_back_is_asked_again_with_its_new_languages(
    engine: Engine, server: FaultyEngine
) -> None:
    assert await refusal(engine, source="fi") == "unsupported_pair"
    await server.stop()
    for _ in range(QUICK.failures):
        assert await refusal(engine) == "engine_unreachable"
    server.languages = languages(fi=["es"])
    await server.start()
    await asyncio.sleep(QUICK.rest)
    assert await engine.translate("hei", "fi", "es") == "es:hei"
    assert engine.state.pairs == {"fi": ["es"]}
    assert engine.state.answers


@pytest.mark.gen_test
async def test_an_engine_that_is_back_before_the_last_attempt_was_never_away(
    engine: Engine, server: FaultyEngine
) -> None:
    await engine.check()
    await server.stop()
    job = asyncio.ensure_future(Engine(LibreTranslate(server.url)).translate("hello", "en", "es"))
    await asyncio.sleep(0.1)
    await server.start()
    assert await job == "es:hello"


@pytest.mark.gen_test
async def test_languages_that_are_none_are_no_engine(engine: Engine, server: FaultyEngine) -> None:
    for server.languages in ("hello", [{"name": "English"}], {"error": "x"}):
        await engine.check()
        assert not engine.state.answers
    server.languages = []
    await engine.check()
    assert engine.state.answers
    assert await refusal(engine) == "unsupported_pair"


@pytest.mark.gen_test
async def test_a_silent_engine_is_waited_for_until_the_deadline(server: FaultyEngine) -> None:
    engine = Engine(LibreTranslate(server.url), HASTY)
    await engine.check()
    server.gate.clear()
    assert await refusal(engine) == "engine_unreachable"


@pytest.mark.gen_test
async def test_few_jobs_run_at_once(engine: Engine, server: FaultyEngine) -> None:
    await engine.check()
    server.gate.clear()
    jobs = [asyncio.ensure_future(engine.translate(text, "en", "es")) for text in "abcde"]
    await until(lambda: server.at_once == QUICK.jobs)
    await asyncio.sleep(0.1)  # for those that must not come
    server.gate.set()
    assert await asyncio.gather(*jobs) == [f"es:{text}" for text in "abcde"]
    assert server.most_at_once == QUICK.jobs


@pytest.mark.gen_test
async def test_nobody_waits_for_ever(server: FaultyEngine) -> None:
    engine = Engine(LibreTranslate(server.url), HASTY)
    await engine.check()
    server.gate.clear()
    reasons = await asyncio.gather(*(refusal(engine, text) for text in "abcde"))
    assert set(reasons) <= {"engine_unreachable", "rate_limited"}


@pytest.mark.gen_test
async def test_more_than_may_wait_are_refused_at_once(engine: Engine, server: FaultyEngine) -> None:
    await engine.check()
    server.gate.clear()
    jobs = [asyncio.ensure_future(engine.translate(text, "en", "es")) for text in "abcde"]
    await asyncio.sleep(0)
    assert await refusal(engine) == "rate_limited"
    server.gate.set()
    assert await asyncio.gather(*jobs) == [f"es:{text}" for text in "abcde"]


@pytest.mark.gen_test
async def test_an_answer_that_never_ends_is_not_waited_for(io_loop: IOLoop) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        if b"/languages" in head:
            writer.write(json.dumps(languages(en=["es"])).encode())
        else:
            dripping.set()
            while not enough.is_set():
                writer.write(b" ")
                await asyncio.sleep(0.05)
            ended.set()
        writer.close()
        await writer.wait_closed()

    dripping, enough, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = Engine(LibreTranslate(f"http://127.0.0.1:{port}"), HASTY)
    await engine.check()
    assert await refusal(engine) == "engine_unreachable"
    assert dripping.is_set()
    enough.set()
    await ended.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.gen_test
async def test_jobs_and_the_engine_s_state_are_measured(
    engine: Engine, server: FaultyEngine
) -> None:
    labels = {"source": "de", "target": "en"}
    jobs, times = measure("jobs_total", **labels), measure("job_seconds_count")
    await engine.check()
    await engine.translate("hallo", "de", "es")
    assert measure("jobs_total", **labels) == jobs + 1
    assert measure("job_seconds_count") == times + 2
    assert measure("engine_up") == 1
    assert measure("targets", source="en") == 1
    server.languages = languages(de=["en"])
    await engine.check()
    assert measure("targets", source="en") == 0
    await server.stop()
    await engine.check()
    assert measure("engine_up") == 0


def test_there_is_no_engine_without_an_address() -> None:
    with pytest.raises(ValueError, match="URL"):
        LibreTranslate("")


def test_the_password_of_an_address_is_not_told() -> None:
    engine = LibreTranslate("https://ana:secret@example.org:1/lt?key=secret")
    assert engine.where == "at https://example.org:1/lt"


@pytest.mark.gen_test
async def test_the_models_of_a_pair_are_known_once_they_were_asked_for(
    engine: Engine, server: FaultyEngine
) -> None:
    assert engine.version("de", "es") is None
    known = await engine.identify("de", "es")
    assert (await engine.identify("de", "es"), engine.version("de", "es")) == (known, known)
    assert [pair for _, *pair in server.asked] == [["de", "en"], ["en", "es"]]
    assert known.endswith(await engine.identify("en", "es"))
    assert len(server.asked) == 2


@pytest.mark.gen_test
async def test_an_engine_that_was_away_may_have_other_models(
    engine: Engine, server: FaultyEngine
) -> None:
    await engine.identify("en", "es")
    server.faults = [CLOSED] * QUICK.attempts
    assert await refusal(engine) == "engine_unreachable"
    assert engine.version("en", "es") is None
    with pytest.raises(TranslationFailedError, match="unsupported_pair"):
        await engine.identify("fi", "es")
