"""How much one connection and one person may send, and what becomes of who sends more."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec import structs
from people import register
from raw_socket import PING, PONG, TEXT, command, frame, raw_socket
from sockets import device, open_socket
from tornado.httpclient import AsyncHTTPClient

from realchat.bus import LocalBuckets
from realchat.flood import Allowance, Floodgate, Rates, Verdict, judge
from realchat.limits import CALL, Limits
from realchat.services import Services
from realchat.settings import Settings

# Six seconds of this may come at once, and as much again before the connection is closed.
FRAMES, BURST = 5, 30


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_after_a_burst_the_steady_rate_is_left() -> None:
    clock = Clock()
    allowance = Allowance(Rates(frames=5, size=1_000), clock)
    assert [allowance.take(1) for _ in range(BURST)] == [Verdict.CARRY_OUT] * BURST
    assert allowance.take(1) is Verdict.REFUSE
    clock.time += allowance.wait
    assert allowance.take(1) is Verdict.CARRY_OUT
    assert allowance.take(1) is Verdict.REFUSE


def test_who_goes_on_in_spite_of_refusals_is_closed() -> None:
    allowance = Allowance(Rates(frames=5, size=1_000), Clock())
    verdicts = [allowance.take(1) for _ in range(2 * BURST + 1)]
    assert verdicts[-2:] == [Verdict.REFUSE, Verdict.CLOSE]


def test_bytes_are_counted_like_frames() -> None:
    allowance = Allowance(Rates(frames=100, size=1_000), Clock())
    verdicts = [allowance.take(2_000) for _ in range(7)]
    expected = [Verdict.CARRY_OUT] * 3 + [Verdict.REFUSE] * 3 + [Verdict.CLOSE]
    assert verdicts == expected
    assert allowance.wait == pytest.approx(8)


def test_a_long_rest_saves_up_no_more_than_a_burst() -> None:
    clock = Clock()
    allowance = Allowance(Rates(frames=5, size=1_000), clock)
    clock.time += 3600
    assert [allowance.take(1) for _ in range(BURST + 1)][-1] is Verdict.REFUSE


def test_the_severest_of_two_verdicts_counts() -> None:
    wide, narrow = (Allowance(rates, Clock()) for rates in (Rates(100, 100_000), Rates(1, 1)))
    verdict, wait = judge((wide, narrow), 7)
    assert verdict is Verdict.REFUSE
    assert wait == pytest.approx(1)


def test_switched_off_there_are_no_allowances() -> None:
    gate = Floodgate(Rates(1, 1), enabled=False)
    assert judge((*gate.of_connection(), *gate.of_user("u")), 10**9) == (Verdict.CARRY_OUT, 0)


class TestConnections:
    """Over real sockets, with limits low enough to be met."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(
            settings,
            rate_limits=True,
            frames_per_second=FRAMES,
            frame_bytes_per_second=100_000,
            sockets_per_user=4,
        )

    @pytest.fixture(autouse=True)
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Let nothing be refilled while a test is still sending, however slow the machine is."""
        clock = Clock()
        monkeypatch.setattr("realchat.flood.Allowance", partial(Allowance, clock=clock))
        return clock

    @pytest.mark.gen_test
    async def test_a_frame_too_many_is_refused_with_when_to_come_again(
        self, http_client: AsyncHTTPClient, base_url: str, clock: Clock
    ) -> None:
        ana = await register(http_client, base_url)
        async with device(ana) as phone:
            for number in range(BURST):
                await phone.send_json({"type": "ping", "ref": str(number)})
            refused = await phone.command("ping")
            assert (refused["type"], refused["code"]) == ("error", "rate_limited")
            clock.time += refused["retry_after_ms"] / 1000
            assert (await phone.command("ping"))["type"] == "pong"

    @pytest.mark.gen_test
    async def test_a_flood_is_closed_with_4429(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        async with raw_socket(ana) as socket:
            await socket.send(b"".join(command("ping", ref=str(n)) for n in range(3 * BURST)))
            refused = [(await socket.expect(TEXT, "error")).json() for _ in range(BURST)]
            assert {each["code"] for each in refused} == {"rate_limited"}
            assert refused[0]["ref"] == str(BURST)
            assert await socket.closed() == 4429

    @pytest.mark.gen_test
    async def test_a_flood_of_control_frames_is_closed_with_4429(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        async with raw_socket(ana) as socket:
            await socket.send(frame(PING, b"!") * 3 * BURST)
            pongs = [await socket.expect(PONG) for _ in range(BURST)]
            assert len(pongs) == BURST
            assert await socket.closed() == 4429

    @pytest.mark.gen_test
    async def test_too_many_bytes_are_refused(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        async with raw_socket(ana) as socket:
            await socket.expect(TEXT, "hello")
            await socket.send(frame(TEXT, "x" * 60_000) * 11)
            codes = [(await socket.expect(TEXT, "error")).json()["code"] for _ in range(11)]
            assert sorted(codes) == ["invalid_json"] * 10 + ["rate_limited"]

    @pytest.mark.gen_test
    async def test_the_connections_of_a_person_share_what_they_may_send(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
        async with device(ana) as one, device(ana) as two, device(ana) as three:
            for each in (one, two):
                for number in range(BURST):
                    await each.send_json({"type": "ping", "ref": str(number)})
                for _ in range(BURST):
                    await each.expect("pong")
            assert (await three.command("ping"))["code"] == "rate_limited"
            async with device(ben) as other:
                assert (await other.command("ping"))["type"] == "pong"

    @pytest.mark.gen_test
    async def test_a_person_has_a_bounded_number_of_connections(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        async with device(ana), device(ana), device(ana):
            too_many = f"?token={ana.token}"
            async with device(ana), open_socket(base_url, too_many) as one_more:
                assert (await one_more.expect("error"))["code"] == "rate_limited"
                assert await one_more.closed() == 4429
            async with device(ana), open_socket(base_url) as one_more:
                await one_more.send_json({"type": "auth", "token": ana.token})
                assert (await one_more.expect("error"))["code"] == "rate_limited"
                assert await one_more.closed() == 4429
            async with device(ana) as instead:
                assert instead.hello["user_id"] == ana.id

    @pytest.mark.gen_test
    async def test_one_persons_calls_are_bounded_whatever_they_ask_for(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        services: Services,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
        monkeypatch.setattr(services, "limits", Limits(LocalBuckets(Clock())))
        replies = [await ana.get("/conversations") for _ in range(CALL.burst // 2)]
        replies += [await ana.patch("/auth/me", {}) for _ in range(CALL.burst // 2)]
        assert "rate_limited" not in {reply.error for reply in replies}
        assert (await ana.get("/auth/me")).error == "rate_limited"
        assert (await ben.get("/conversations")).status == 200
