"""The signs of life that processes show in Redis, and which of them show none any more."""

from __future__ import annotations

from redis.asyncio.client import Pipeline

from realchat.redis_client import Calls, Script

# Shows a sign of life; returns 1 where there was none before. Redis' clock counts for all, to
# the microsecond: in whole seconds a sign would be over up to a second too early.
_BEAT = """
local time = redis.call('TIME')
local present = time[1] + time[2] / 1000000
return redis.call('ZADD', KEYS[1], present + tonumber(ARGV[2]), ARGV[1])
"""
_FIND_SILENT = """
local time = redis.call('TIME')
local present = time[1] + time[2] / 1000000
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', present, 'LIMIT', 0, 10)
"""

# Seconds for which one process has a silent one to itself, and for which is kept that one told
# all, should no process be left to take it out.
_CLAIM, _DAY = 30, 86_400


class Signs:
    """Shows that this process lives, and finds those of which nobody knows that they do."""

    def __init__(self, calls: Calls, scope: str, process_id: str) -> None:
        self._calls = calls
        self._scope = scope
        self._processes = f"{scope}processes"
        self._id = process_id

    async def show(self, seconds: int) -> bool:
        """Show a sign that is good for so long; tell whether there was none. Raises `AwayError`."""
        beat: Script = [self._processes], [self._id, seconds]
        (is_new,) = await self._calls.run_script(_BEAT, [beat])
        return bool(is_new)

    async def sign_off(self) -> None:
        """Say that this process told others all it had to tell. Raises `AwayError`."""
        name = self._told(self._id)
        await self._calls.run_many(lambda pipeline: pipeline.set(name, 1, ex=_DAY))

    async def claim(self) -> dict[str, bool]:
        """Return silent processes, which are this one's to take out, and whether they told all.

        Raises `AwayError`.
        """
        (found,) = await self._calls.run_script(_FIND_SILENT, [([self._processes], [])])
        silent = [one.decode() for one in found]

        def fill(pipeline: Pipeline) -> None:
            for one in silent:
                pipeline.set(f"{self._scope}burial:{one}", self._id, nx=True, ex=_CLAIM)
                pipeline.exists(self._told(one))

        answers = await self._calls.run_many(fill) if silent else []
        claimed = zip(silent, answers[::2], answers[1::2], strict=True)
        return {one: bool(has_told) for one, is_ours, has_told in claimed if is_ours}

    async def forget(self, process_id: str) -> None:
        """Note that a silent process is taken out. Raises `AwayError`."""

        def fill(pipeline: Pipeline) -> None:
            pipeline.zrem(self._processes, process_id)
            pipeline.delete(self._told(process_id))

        await self._calls.run_many(fill)

    def _told(self, process_id: str) -> str:
        return f"{self._scope}told:{process_id}"
