"""What is measured: who is connected, who talks to whom, and how much at once."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bench.loading import Connect
from bench.people import Person, make_groups, make_people

# Characters of a text. Ours wraps it in a message's fields, so that the peers,
# which pass text on as it is, get as many bytes as ours delivers with it.
TEXT = 64
PEER_TEXT = 430


class Sizes(Struct, frozen=True, kw_only=True):
    """How large a run is."""

    crowd: int = 1_000
    circles: int = 200
    circle: int = 5
    writers: tuple[int, ...] = (1, 10, 100, 500)
    idle_each: int = 5
    rounds: int = 3
    seconds: float = 3
    warm: float = 1

    @property
    def people(self) -> int:
        """How many people all the small groups have."""
        return self.circles * self.circle


class Workload(Struct, frozen=True, kw_only=True):
    """Connections of ours and of a peer, and the stages that the loader runs on them."""

    key: str
    title: str
    ours: Sequence[Connect]
    peer: Sequence[Connect]
    senders: tuple[int, ...] = ()
    stages: tuple[str, ...] = ()
    ack: bool = False


class World(Struct, frozen=True, kw_only=True):
    """The people and groups on our server: one large group, many small ones, one each."""

    crowd: Sequence[Person]
    crowd_group: str
    people: Sequence[Person]
    circles: Sequence[str]
    own_groups: Sequence[str]


async def populate(port: int, sizes: Sizes) -> World:
    """Make the accounts and groups of a run, on an empty server of ours."""
    crowd = await make_people(port, sizes.crowd, f"crowd{sizes.crowd}-")
    people = await make_people(port, sizes.people, f"person{sizes.crowd}-")
    rows = [people[n : n + sizes.circle] for n in range(0, sizes.people, sizes.circle)]
    return World(
        crowd=crowd,
        crowd_group=(await make_groups(port, [crowd]))[0],
        people=people,
        circles=await make_groups(port, rows),
        own_groups=await make_groups(port, [[one] for one in people[: max(sizes.writers)]]),
    )


def crowd(world: World, sizes: Sizes) -> Workload:
    """A1 and A16: one large group; one of it writes, then sixteen at once."""
    few = min(16, sizes.crowd)
    return Workload(
        key="A",
        title=f"one group of {sizes.crowd}",
        ours=[Connect(0, "/ws", one.token, world.crowd_group) for one in world.crowd],
        peer=[Connect(0, "/0") for _ in world.crowd],
        senders=(1, few),
        stages=("A1", f"A{few}"),
    )


def circles(world: World, sizes: Sizes) -> Workload:
    """B: many small groups, all of whose members write at once."""
    return Workload(
        key="B",
        title=f"{sizes.circles} groups of {sizes.circle}",
        ours=[
            Connect(n // sizes.circle, "/ws", one.token, world.circles[n // sizes.circle])
            for n, one in enumerate(world.people)
        ],
        peer=[Connect(n // sizes.circle, f"/{n // sizes.circle}") for n in range(sizes.people)],
        senders=(sizes.people,),
        stages=("B",),
    )


def idle(world: World, sizes: Sizes) -> Workload:
    """D: connections that do nothing, several of each person."""
    count = sizes.people * sizes.idle_each
    return Workload(
        key="D",
        title=f"{count} idle sockets",
        ours=[Connect(0, "/ws", one.token) for one in world.people for _ in range(sizes.idle_each)],
        peer=[Connect(0, "/0") for _ in range(count)],
    )


def writers(world: World, sizes: Sizes) -> Workload:
    """P: people who write each in a group of their own, and go on when acknowledged."""
    most = max(sizes.writers)
    return Workload(
        key="P",
        title="sends and their acknowledgements",
        ours=[
            Connect(n, "/ws", one.token, world.own_groups[n])
            for n, one in enumerate(world.people[:most])
        ],
        peer=[Connect(n, f"/{n}", "-", world.own_groups[n]) for n in range(most)],
        senders=sizes.writers,
        stages=tuple(f"P{n}" for n in sizes.writers),
        ack=True,
    )
