"""The message path does what a simple model says, whatever people do, and in whatever order.

Hypothesis makes up what they do; `tests/world.py` does it to the real server and
to `tests/model.py`, and compares after every step what each device got.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from deeds import Intent
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec import structs
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop
from viewers import Wire
from wires import BROKEN
from world import DEVICES, NAMES, World

from realchat.services import Services
from realchat.settings import Settings

logger = logging.getLogger(__name__)

# For a longer run, which also looks for the shortest way to a fault: so many
# examples, and another seed.
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
STEPS = 30
# Seconds that one step may take; a bound for what never comes.
PATIENCE = 60

devices, names = st.sampled_from(DEVICES), st.sampled_from(NAMES)
# Mostly the same place, so that enough happens there.
places, numbers = st.just(0) | st.integers(0, 7), st.integers(1, 8)
words, client_ids = st.sampled_from("abc"), st.sampled_from("stuvwxyz")
sendings = st.builds(
    Intent, devices, st.just("send"), places, words, st.none() | client_ids, st.booleans()
)
changes = st.builds(
    Intent,
    devices,
    st.sampled_from(["edit", "delete", "like", "unlike"]),
    places,
    words,
    st.none(),
    st.booleans(),
)
intents = sendings | sendings | changes
returns = st.sampled_from(["held", "held", "plain", "rest", "blank", "stale"])
# Seconds between `hello` and `resume`, so that what happens meanwhile falls before it or after.
pauses = st.sampled_from([0, 0.002, 0.005])


class Chatting(RuleBasedStateMachine):
    """People who chat; each step is done to the server and to the model."""

    def __init__(self, io_loop: IOLoop, world: World) -> None:
        super().__init__()
        self.world = world
        self.is_sound = True
        self._io_loop = io_loop
        self._done: list[str] = []
        self.run(self.world.begin)

    def run(self, work: Callable[..., Awaitable[None]], *arguments: Any, **more: Any) -> None:
        """Do something on the loop, to its end."""
        self.is_sound = False
        self._done.append(f"{work.__name__}{arguments} {more or ''}")
        try:
            self._io_loop.run_sync(lambda: work(*arguments, **more), PATIENCE)
        except Exception:
            # Here, since what was done at once may go well when it is tried again.
            logger.exception("found after:\n%s", "\n".join(self._done))
            raise
        self.is_sound = True

    @initialize(name=names, others=st.sets(names), private=st.booleans())
    def begin_with_a_group(self, name: str, others: set[str], private: bool) -> None:
        self.start_group(name, others, private)

    @rule(sending=sendings)
    def send(self, sending: Intent) -> None:
        self.run(self.world.perform, [sending])

    @rule(change=changes)
    def change(self, change: Intent) -> None:
        self.run(self.world.perform, [change])

    @rule(tried=st.lists(intents, min_size=2, max_size=8))
    def try_at_once(self, tried: list[Intent]) -> None:
        self.run(self.world.perform, tried)

    @rule(where=places, tried=st.lists(changes, min_size=2, max_size=6))
    def change_one_at_once(self, where: int, tried: list[Intent]) -> None:
        self.run(self.world.perform, [one._replace(where=where) for one in tried])

    @rule(device=devices, tried=st.lists(st.tuples(places, words, client_ids), max_size=3))
    def hang_up(self, device: str, tried: list[tuple[int, str, str]]) -> None:
        said = [Intent(device, "send", *one) for one in tried]
        self.run(self.world.perform, said, hang_up=True)

    @rule(device=devices)
    def go(self, device: str) -> None:
        self.run(self.world.viewers[device].go)

    @rule(device=devices, how=returns, meanwhile=st.lists(intents, max_size=6), pause=pauses)
    def come_back(self, device: str, how: str, meanwhile: list[Intent], pause: float) -> None:
        self.run(self.world.come_back, device, how, meanwhile, pause)

    @rule(name=names, where=places, seqs=st.lists(numbers, min_size=1, max_size=3))
    def read(self, name: str, where: int, seqs: list[int]) -> None:
        for seq in seqs:
            self.run(self.world.read, name, where, seq)

    @rule(name=names, others=st.sets(names), private=st.booleans())
    def start_group(self, name: str, others: set[str], private: bool) -> None:
        self.run(self.world.start_group, name, sorted(others - {name}), private=private)

    @rule(name=names, what=st.sampled_from(["join", "add"]), other=names, where=places)
    def let_in(self, name: str, what: str, other: str, where: int) -> None:
        self.run(self.world.change_group, name, what, other, where)

    @rule(name=names, what=st.sampled_from(["leave", "remove"]), other=names, where=places)
    def let_go(self, name: str, what: str, other: str, where: int) -> None:
        self.run(self.world.change_group, name, what, other, where)

    @rule(name=names, other=names, on=st.booleans())
    def block(self, name: str, other: str, on: bool) -> None:
        self.run(self.world.block, name, other, on=on)

    @rule(
        name=names,
        where=places,
        part=st.sampled_from(["before", "after", "changed_since"]),
        at=numbers,
        limit=st.integers(1, 5),
    )
    def look(self, name: str, where: int, part: str, at: int, limit: int) -> None:
        self.run(self.world.look, name, where, part, at, limit)

    @rule(name=names)
    def list_conversations(self, name: str) -> None:
        self.run(self.world.check_list, name)

    @invariant()
    def everybody_has_what_the_model_has(self) -> None:
        self.run(self.world.check)

    def teardown(self) -> None:
        """Look at everything once more, unless a fault was found; then disconnect."""
        try:
            if self.is_sound:
                self.run(self.world.end)
        finally:
            self.run(self.world.close)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Have those who were away start anew after a few changes already."""
    return structs.replace(settings, resume_limit=5)


Play = Callable[[type[Wire], int, Sequence[Phase]], None]


@pytest.fixture
def play(io_loop: IOLoop, http_client: AsyncHTTPClient, base_url: str, services: Services) -> Play:
    """What has people chat, each example with new people on the same server."""

    def run(wire: type[Wire], examples: int, phases: Sequence[Phase]) -> None:
        @seed(SEED)
        class Here(Chatting):
            def __init__(self) -> None:
                super().__init__(io_loop, World(http_client, base_url, services, wire()))

        run_state_machine_as_test(
            Here,
            settings=run_settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
                phases=phases,
            ),
        )

    return run


def test_every_device_gets_what_the_model_has(play: Play) -> None:
    play(Wire, EXAMPLES or 12, [Phase.generate, *([Phase.shrink] if EXAMPLES else [])])


def test_everything_that_is_broken_on_purpose_is_caught(play: Play) -> None:
    assert [wire.__name__ for wire in BROKEN if not is_caught(wire, play)] == []


def is_caught(wire: type[Wire], play: Play) -> bool:
    try:
        play(wire, 100, [Phase.generate])
    except (AssertionError, Flaky):
        # Flaky: caught in one try and not in the next, where several things were done at once.
        return True
    return False
