"""Who is connected to which process, kept in Redis.

Of each user there is a hash with the connections by process. Each process shows
signs of life; the people of one that shows none any more are taken out by another
one, which tells of it, and has all make up for what that one may not have told.
While Redis is away, a process knows of its own people only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from redis.asyncio.client import Pipeline

from realchat.loader import Loader
from realchat.redis_client import AwayError, Calls, Script
from realchat.redis_signs import Signs

# Sets what a process has of a user's connections (0: nothing). Returns how many others have,
# and whether the user was seen leaving less than the grace ago. One slot of a cluster: the
# user's id stands in braces in both names.
_SET = """
local mine, life, grace = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if mine > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], mine)
  redis.call('EXPIRE', KEYS[1], life)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
local others = 0
local all = redis.call('HGETALL', KEYS[1])
for n = 1, #all, 2 do
  if all[n] ~= ARGV[1] then others = others + tonumber(all[n + 1]) end
end
local left = redis.call('EXISTS', KEYS[2])
if mine == 0 and others == 0 and grace > 0 then
  redis.call('SET', KEYS[2], 1, 'PX', grace)
end
return {others, left}
"""

# Users in one exchange.
_BATCH = 500
# Seconds for which is kept whose people they are where no process is left.
_DAY = 86_400
# Signs of life in a row after which a process judges others: Redis may have been away for all.
_STEADY = 3
# Signs of life in which all that is here is written once more.
_TURNS = 4


class RedisRoster:
    """Counts the connections of each user, over all processes."""

    def __init__(
        self,
        calls: Calls,
        scope: str,
        process_id: str,
        *,
        good_for: int,
        grace: float,
        make_up: Callable[[], None],
    ) -> None:
        """Take Redis; a sign of life is `good_for` so many seconds.

        `grace` is how many seconds somebody may be away unnoticed; `make_up` is called when
        a process has gone that may have left something untold.
        """
        self._calls = calls
        self._scope = f"realchat:{scope}:"
        self._signs = Signs(calls, self._scope, process_id)
        self._people = self._people_of(process_id)
        self._id = process_id
        self._good_for = good_for
        self._make_up = make_up
        self._grace = int(grace * 1000)
        self._mine: Counter[str] = Counter()
        self._states: Loader[str, tuple[int, bool]] = Loader(self._write)
        self._steady = 0
        self._last_beat = 0.0
        self._turn = 0

    async def appear(self, user_id: str) -> bool:
        """Count one more connection; tell whether it is news that the user is there."""
        self._mine[user_id] += 1
        is_first = self._mine[user_id] == 1
        others, has_just_left = await self._state_of(user_id)
        return is_first and not others and not has_just_left

    async def vanish(self, user_id: str) -> bool:
        """Count one connection less; tell whether it was the user's last."""
        self._mine[user_id] -= 1
        if is_last := self._mine[user_id] <= 0:
            del self._mine[user_id]
        others, _ = await self._state_of(user_id)
        return is_last and not others

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are connected."""
        asked = list(user_ids)
        here = self._mine.keys() & asked
        try:
            found = await self._find([user_id for user_id in asked if user_id not in here])
        except AwayError:
            return here
        return here | found

    async def elsewhere(self, user_id: str) -> int:
        """Return how many connections a user has to other processes."""
        name = self._names(user_id)[0]
        try:
            (found,) = await self._calls.run_many(lambda pipeline: pipeline.hgetall(name))
        except AwayError:
            return 0
        return sum(int(number) for one, number in found.items() if one.decode() != self._id)

    async def keep(self) -> tuple[list[str], list[str]]:
        """Show a sign of life, and look for those of others that have stopped.

        Returns who is there after all, and who is gone with their process. To be called
        four times in the time for which a sign is good.
        """
        try:
            return await self._beat(), await self._bury()
        except AwayError:
            self._steady = 0
            return [], []

    async def bequeath(self, user_ids: Sequence[str]) -> None:
        """Leave it to others to tell that these are gone, unless they come back in time."""
        with contextlib.suppress(AwayError):
            if user_ids:
                await self._calls.run_many(lambda pipeline: pipeline.sadd(self._people, *user_ids))
            await self._signs.show(self._grace // 1000 + 1)

    async def sign_off(self) -> None:
        """Say that this process leaves nothing untold."""
        with contextlib.suppress(AwayError):
            await self._signs.sign_off()

    async def _beat(self) -> list[str]:
        """Write all that is here once more; return whom Redis lacked since it took us for dead."""
        now = asyncio.get_running_loop().time()
        was_silent = self._steady > 0 and now - self._last_beat > self._good_for
        is_new = await self._signs.show(self._good_for)
        # What is there stays for as long as it takes to write all of it, a part at a time.
        self._turn = (self._turn + 1) % _TURNS
        mine = list(self._mine)
        came: list[str] = []
        for part in _parts(mine if is_new or was_silent else mine[self._turn :: _TURNS]):
            known = await self._find(part) if was_silent else set(part)
            await self._write(part)
            came += [user_id for user_id in part if user_id not in known]
        self._steady = 1 if was_silent else self._steady + 1
        self._last_beat = now
        return came

    async def _bury(self) -> list[str]:
        """Take out the people of processes that show no sign of life."""
        if self._steady < _STEADY:
            return []
        silent = await self._signs.claim()
        # Before they are taken out: should this process die meanwhile, another one does it again.
        if not all(silent.values()):
            self._make_up()
        return [one for name in silent for one in await self._bury_one(name)]

    async def _bury_one(self, process_id: str) -> list[str]:
        people = self._people_of(process_id)
        (members,) = await self._calls.run_many(lambda pipeline: pipeline.smembers(people))
        gone: list[str] = []
        for part in _parts([one.decode() for one in members]):
            states: list[Script] = [(self._names(one), [process_id, 0, 0, 0]) for one in part]
            answers = await self._calls.run_script(_SET, states)
            gone += [one for one, (others, _) in zip(part, answers, strict=True) if not others]
        await self._calls.run_many(lambda pipeline: pipeline.delete(people))
        await self._signs.forget(process_id)
        return [one for one in gone if one not in self._mine]

    async def _state_of(self, user_id: str) -> tuple[int, bool]:
        """Write what is here of a user; return what is elsewhere, and whether they just left."""
        try:
            return await self._states.get(user_id) or (0, False)
        except AwayError:
            return 0, False

    async def _write(self, user_ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """Write what is here of users: as it is now, whoever asked for it first."""
        life = 2 * self._good_for
        gone = [user_id for user_id in user_ids if user_id not in self._mine]
        here = [user_id for user_id in user_ids if user_id in self._mine]

        def fill(pipeline: Pipeline) -> None:
            for one in user_ids:
                state = (self._id, self._mine.get(one, 0), life, self._grace)
                pipeline.eval(_SET, 2, *self._names(one), *state)
            if here:
                pipeline.sadd(self._people, *here)
                pipeline.expire(self._people, _DAY)
            if gone:
                pipeline.srem(self._people, *gone)

        answers = await self._calls.run_many(fill)
        states = zip(user_ids, answers, strict=False)  # the sets' answers come last
        return {one: (others, bool(left)) for one, (others, left) in states}

    async def _find(self, user_ids: Sequence[str]) -> set[str]:
        """Return those of the users whom any process has."""
        found: set[str] = set()
        for part in _parts(user_ids):
            answers = await self._calls.run_many(partial(self._ask_for, part))
            found.update(one for one, there in zip(part, answers, strict=True) if there)
        return found

    def _ask_for(self, user_ids: Sequence[str], pipeline: Pipeline) -> None:
        for user_id in user_ids:
            pipeline.exists(self._names(user_id)[0])

    def _names(self, user_id: str) -> tuple[str, str]:
        return f"{self._scope}online:{{{user_id}}}", f"{self._scope}left:{{{user_id}}}"

    def _people_of(self, process_id: str) -> str:
        return f"{self._scope}people:{process_id}"


def _parts(user_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(user_ids), _BATCH):
        yield user_ids[start : start + _BATCH]
