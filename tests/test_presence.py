"""Who is online, and who may know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import pytest
from msgspec import structs
from people import Person, register
from sockets import PATIENCE, device
from tornado.httpclient import AsyncHTTPClient

from realchat import presence
from realchat.audiences import Audiences
from realchat.bus import LocalRoster
from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, Notices
from realchat.frames import PresenceEvent
from realchat.presence import Presences
from realchat.services import Services
from realchat.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Others hear of a leaving at once."""
    return structs.replace(settings, presence_grace_seconds=0)


async def acquaintances(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register two people who have talked."""
    ana, ben = await register(http, base_url, "Ana"), await register(http, base_url, "Ben")
    await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})
    return ana, ben


@pytest.mark.gen_test
async def test_coming_and_going_is_told_to_those_one_talks_with(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    async with device(ana) as phone:
        async with device(ben):
            came = await phone.expect("presence")
            assert (came["user_id"], came["online"]) == (ben.id, True)
            assert (await ana.get("/presence")).json == {"online": [ben.id]}
        left = await phone.expect("presence")
        assert (left["user_id"], left["online"]) == (ben.id, False)
        assert left["last_seen"].endswith("Z")
    await services.tasks.drain(PATIENCE)  # it is told and kept at the same time
    seen = (await ana.get(f"/presence/{ben.id}")).json
    assert seen == {"user_id": ben.id, "online": False, "last_seen": left["last_seen"]}


@pytest.mark.gen_test
async def test_several_devices_are_one_person(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    async with device(ana) as phone, device(ben):
        async with device(await ben.login()):
            pass
        assert (await ana.get(f"/presence/{ben.id}")).json["online"] is True
        assert (await phone.expect("presence"))["online"] is True
        assert [one for one in await phone.settle() if one["type"] == "presence"] == []


@pytest.mark.gen_test
async def test_strangers_know_nothing(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    async with device(eve) as listening, device(ben):
        assert (await eve.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await eve.get("/presence")).json == {"online": []}
        assert [one for one in await listening.settle() if one["type"] == "presence"] == []
    assert ana.id


@pytest.mark.gen_test
async def test_a_message_that_was_refused_makes_nobody_a_contact(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    eve, ben = [await register(http_client, base_url, name) for name in ("Eve", "Ben")]
    await eve.post("/messages", {"recipient_id": eve.id, "content": "x", "client_id": "c"})
    refused = await eve.post(
        "/messages", {"recipient_id": ben.id, "content": "x", "client_id": "c"}
    )
    assert refused.error == "idempotency_conflict"
    async with device(ben) as phone:
        assert (await eve.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await eve.get("/presence")).json == {"online": []}
        conversation = "dm:" + ":".join(sorted((eve.id, ben.id)))
        await eve.post(f"/conversations/{conversation}/read", {"seq": 1})
        assert [one for one in await phone.settle() if one["type"] == "read"] == []


@pytest.mark.gen_test
async def test_a_block_hides_presence_both_ways(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    await ana.post(f"/users/{ben.id}/block")
    async with device(ana) as a, device(ben) as b:
        assert (await ana.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await ben.get(f"/presence/{ana.id}")).error == "not_found"
        assert (await ben.get("/presence")).json == {"online": []}
        frames = await a.settle() + await b.settle()
        assert [one for one in frames if one["type"] == "presence"] == []


@pytest.mark.gen_test
async def test_members_of_a_group_see_each_other(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, "Ana")
    ben = await register(http_client, base_url, "Ben")
    await ana.post("/groups", {"name": "Team", "members": [ben.id]})
    async with device(ben):
        assert (await ana.get("/presence")).json == {"online": [ben.id]}


class TestWithGrace:
    """Somebody who reloads a page was never away."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, presence_grace_seconds=60)

    @pytest.mark.gen_test
    async def test_a_short_absence_is_told_to_nobody(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, ben = await acquaintances(http_client, base_url)
        async with device(ana) as phone:
            async with device(ben):
                await phone.expect("presence")
            async with device(ben):
                await services.tasks.drain()
                assert [one for one in await phone.settle() if one["type"] == "presence"] == []


class Lookups(Audiences):
    """Audiences that are looked up when the test says so; `asked` has what each was for."""

    def __init__(self, roster: LocalRoster, services: Services) -> None:
        """Let look-ups wait for `gate`, which is open; the next one fails with `fault`."""
        kept = services.collections
        super().__init__(roster, kept.directs, kept.groups, kept.messages, services.people)
        self.asked: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.fault: ChatError | None = None

    async def of(self, user_ids: Sequence[str]) -> dict[str, set[str]]:
        """Look them up."""
        self.asked.append(list(user_ids))
        self.begun.set()
        await self.gate.wait()
        if (fault := self.fault) is not None:
            self.fault = None
            raise fault
        return await super().of(user_ids)


class Roll(LocalRoster):
    """A roster that notes when it is asked who is online."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = asyncio.Event()

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those who are."""
        self.was_asked.set()
        return await super().online(user_ids)


class Hall:
    """Where members of one group come and go, without connections; `heard` is what was told."""

    def __init__(self, services: Services, members: Sequence[Person]) -> None:
        """Take the services of a server nobody is connected to."""
        self.roster = Roll()
        self.lookups = Lookups(self.roster, services)
        self.heard: list[tuple[str, list[tuple[str, bool]]]] = []
        self._names = {one.id: str(one.user["name"]) for one in members}
        self._ids = {name: user_id for user_id, name in self._names.items()}
        self._arrival = asyncio.Event()
        self._presences = Presences(
            self.roster,
            services.collections.users,
            services.conversations,
            self.lookups,
            services.bus,
            services.tasks,
            0,
        )
        services.bus.subscribe(self._hear)

    def enter(self, *names: str) -> None:
        """Let people come, in this order."""
        for name in names:
            self._presences.connect(self._ids[name])

    def leave(self, name: str) -> None:
        """Let somebody go."""
        self._presences.disconnect(self._ids[name])

    async def news(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """Wait until something is told; return who was told what, with it."""
        await asyncio.wait_for(self._arrival.wait(), PATIENCE)
        self._arrival.clear()
        heard, self.heard = self.heard, []
        return sorted(heard)

    def _hear(self, happening: AnyHappening) -> None:
        if isinstance(happening, Notices):
            told = [self._tell(frame) for frame in happening.frames]
            self.heard += [(self._names[reader], told) for reader in happening.readers]
            self._arrival.set()

    def _tell(self, frame: object) -> tuple[str, bool]:
        assert isinstance(frame, PresenceEvent)
        return self._names[frame.user_id], frame.online


async def hall(http: AsyncHTTPClient, base_url: str, services: Services, names: str) -> Hall:
    """Register members of one group and let them come and go; their names are letters."""
    first, *others = [await register(http, base_url, name) for name in names]
    await first.post("/groups", {"name": "Team", "members": [other.id for other in others]})
    return Hall(services, [first, *others])


@pytest.mark.gen_test
async def test_those_who_come_at_once_are_looked_up_and_told_of_together(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    team = await hall(http_client, base_url, services, "ABCDE")
    team.enter("A", "B")
    assert await team.news() == [("A", [("B", True)])]
    team.enter("C", "D", "E")
    everybody = [("C", True), ("D", True), ("E", True)]
    # Whoever came after somebody finds them online, and is told of those behind them only.
    assert await team.news() == [
        ("A", everybody),
        ("B", everybody),
        ("C", everybody[1:]),
        ("D", everybody[2:]),
    ]
    assert [len(asked) for asked in team.lookups.asked] == [2, 3]


@pytest.mark.gen_test
async def test_who_comes_during_a_look_up_is_not_told_of_those_before_them(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    team = await hall(http_client, base_url, services, "ABC")
    team.lookups.gate.clear()
    team.enter("A", "B")
    await team.lookups.begun.wait()
    team.enter("C")
    await asyncio.sleep(0)
    team.lookups.gate.set()
    assert await team.news() == [("A", [("B", True)])]
    assert await team.news() == [("A", [("C", True)]), ("B", [("C", True)])]


@pytest.mark.gen_test
async def test_of_what_happened_meanwhile_only_the_last_is_told(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    team = await hall(http_client, base_url, services, "ABC")
    team.lookups.gate.clear()
    team.enter("A", "B")
    await team.lookups.begun.wait()
    team.enter("C")
    team.leave("C")
    await asyncio.wait_for(team.roster.was_asked.wait(), PATIENCE)  # whether C is back
    team.lookups.gate.set()
    assert await team.news() == [("A", [("B", True)])]
    assert await team.news() == [("A", [("C", False)]), ("B", [("C", False)])]


@pytest.mark.gen_test
async def test_what_could_not_be_looked_up_is_told_later(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "_RETRY", 0)
    team = await hall(http_client, base_url, services, "ABC")
    team.lookups.fault = ChatError(Code.UNAVAILABLE)
    team.enter("A", "B")
    await team.lookups.begun.wait()
    team.enter("C")
    assert await team.news() == [("A", [("B", True), ("C", True)]), ("B", [("C", True)])]


@pytest.mark.gen_test
async def test_frames_of_one_announcement_arrive_as_one_each(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    first, *others = [await register(http_client, base_url, name) for name in "ABCD"]
    await first.post("/groups", {"name": "Team", "members": [other.id for other in others]})
    async with device(first) as phone:
        for other in others:
            services.presences.connect(other.id)
        came = [(await phone.expect("presence"))["user_id"] for _ in others]
        assert came == [other.id for other in others]


class SlowRoster(LocalRoster):
    """A roster that says who is gone when the test lets it; `left` are those left to others."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.left: list[str] = []

    async def vanish(self, user_id: str) -> bool:
        """Count one connection less."""
        await self.gate.wait()
        return await super().vanish(user_id)

    async def bequeath(self, user_ids: Sequence[str]) -> None:
        """Note them."""
        self.left += user_ids


@pytest.mark.parametrize("grace", [60, 0], ids=["back soon", "gone"])
@pytest.mark.gen_test
async def test_who_goes_with_a_stop_is_left_to_other_processes(
    services: Services, grace: float
) -> None:
    roster = SlowRoster()
    audiences = Lookups(roster, services)
    audiences.gate.clear()
    presences = Presences(
        roster,
        services.collections.users,
        services.conversations,
        audiences,
        services.bus,
        services.tasks,
        grace,
    )
    for user_id in ("a", "b"):
        presences.connect(user_id)
    await audiences.begun.wait()
    for user_id in ("a", "b"):
        presences.disconnect(user_id)
    closing = asyncio.ensure_future(presences.close())
    await asyncio.sleep(0)
    roster.gate.set()
    await closing
    assert sorted(roster.left) == ["a", "b"]
    audiences.gate.set()
    await services.tasks.drain()
