"""What so many connected people need, and how near they are to each limit: arithmetic alone."""

from __future__ import annotations

import math
from itertools import pairwise

from msgspec import Struct, structs

from bench.model_inputs import Costs, Machines, People

_DAY, _YEAR = 86_400, 365
# Turns until the number of processes, on which depends what they hear, is found.
_TURNS = 50
# How finely the people are looked for at whom a limit is met, and up to how many.
_STEP, _MOST = 1.01, 1e12


class Rates(Struct, frozen=True, kw_only=True):
    """What happens in a second of the busiest hour; `reached` are people, other than senders."""

    sends: float
    reached: float
    deliveries: float
    marks: float
    connects: float
    to_all: float


class Needs(Struct, frozen=True, kw_only=True):
    """How many processes, masters and shards there must be, by what asks for them."""

    by_cpu: float
    by_memory: float
    by_pauses: float = 0

    @property
    def number(self) -> float:
        """How many there must be; by CPU only where any number is enough."""
        by_cpu = self.by_cpu if self.is_enough else 0
        return max(1, math.ceil(max(self.by_memory, self.by_pauses, by_cpu)))

    @property
    def is_enough(self) -> bool:
        """Whether any number is enough."""
        return self.by_cpu < math.inf


class Model(Struct, frozen=True, kw_only=True):
    """So many connected people; `tells_presence`: to all processes, as it is built."""

    size: float
    tells_presence: bool = True
    people: People = People()
    costs: Costs = Costs()
    machines: Machines = Machines()

    @property
    def rates(self) -> Rates:
        """Return what happens in a second."""
        people = self.people
        second = self.size * people.peak / _DAY
        sends = second * people.messages_a_day
        others = people.direct_share + (1 - people.direct_share) * (people.group_size - 1)
        reached = sends * others * people.online
        connects = second * people.connects_a_day
        # Each who comes goes, too.
        presence = 2 * connects * self.tells_presence
        return Rates(
            sends=sends,
            reached=reached,
            deliveries=people.devices * (sends + reached),
            marks=people.marks * reached,
            connects=connects,
            to_all=presence + second * people.changes_a_day,
        )

    @property
    def followed(self) -> float:
        """How many conversations somebody is in."""
        return self.people.directs + self.people.groups

    def processes(self) -> Needs:
        """Return how many processes are needed."""
        costs, machines = self.costs, self.machines
        of_one = self.people.devices * costs.socket_bytes + self.followed * costs.conversation_bytes
        room = machines.memory * machines.filled / machines.cores - costs.process_bytes
        pauses = self.size * self.followed * costs.collect / (machines.pause * 1e6)
        needs = Needs(by_cpu=0, by_memory=self.size * of_one / room, by_pauses=pauses)
        free = machines.busy * 1e6 - self.rates.to_all * (costs.hear + costs.news)
        if free <= 0:
            return structs.replace(needs, by_cpu=math.inf)
        for _ in range(_TURNS):
            needs = structs.replace(needs, by_cpu=self.work(needs.number) / free)
        return needs

    def work(self, processes: float) -> float:
        """Return the CPU time of all processes together, but for hearing what goes to all."""
        costs, rates = self.costs, self.rates
        told = costs.tell if processes > 1 else 0
        sending = cost_of_send(costs, rates.sends / processes)
        return (
            rates.sends * (sending + costs.limit + told)
            + (rates.deliveries - rates.sends) * costs.delivery
            + rates.marks * (costs.mark + told)
            + (rates.sends + rates.marks) * self.hearers(processes) * costs.hear
            + rates.connects * (costs.connect + self.followed * costs.follow)
            + rates.to_all * told
        )

    def hearers(self, processes: float) -> float:
        """Return how many other processes a message's readers are connected to."""
        people = self.people

        def spread(others: float) -> float:
            missed = math.pow(1 - 1 / processes, others * people.online)
            return (processes - 1) * (1 - missed)

        in_group = spread(people.group_size - 1)
        return people.direct_share * spread(1) + (1 - people.direct_share) * in_group

    def events(self) -> float:
        """Return what is sent over Redis, but for what goes to all: a mark between two, twice."""
        return self.rates.sends + self.rates.marks * (1 + self.people.direct_share)

    def masters(self, processes: float) -> Needs:
        """Return how many masters a Redis cluster needs, but for the channel for all."""
        people, costs, machines = self.people, self.costs, self.machines
        of_event = costs.redis_event + self.hearers(processes) * costs.redis_hearer
        of_one = costs.connect_redis + self.followed * costs.follow_redis
        # Channels for each who is connected: those of two are shared where both are.
        directs = people.directs * (1 - people.online / 2)
        channels = 1 + directs + people.groups / (people.group_size * people.online)
        kept = (
            channels * costs.channel_bytes
            + (1 + self.followed - channels) * costs.listener_bytes
            + costs.person_bytes
        )
        used = self.events() * of_event + self.rates.connects * of_one
        return Needs(
            by_cpu=used / (machines.busy * 1e6),
            by_memory=self.size * kept / (machines.memory * machines.filled),
        )

    def writes(self) -> float:
        """Return MongoDB's writes: messages, marks, and when somebody was last seen."""
        return self.rates.sends + self.rates.marks + self.rates.connects

    def storage(self) -> float:
        """Return the bytes that a year's messages take on one member of each shard."""
        return self.size * self.people.messages_a_day * _YEAR * self.costs.message_bytes

    def shards(self) -> Needs:
        """Return how many shards MongoDB needs, for a year's messages."""
        costs, machines = self.costs, self.machines
        of_one = costs.connect_database + self.followed * costs.follow_database
        used = self.writes() * costs.write + self.rates.connects * of_one
        return Needs(
            by_cpu=used / (machines.busy * 1e6 * machines.cores),
            by_memory=self.storage() / machines.disk,
        )

    def returns(self) -> tuple[float, float, float]:
        """Return the seconds until all are back who were cut off at once: what each part takes.

        Processes, Redis and the database, each with nothing else to do.
        """
        costs, machines, processes = self.costs, self.machines, self.processes().number
        of_one = costs.crowded + self.followed * costs.follow
        of_redis = costs.crowded_redis + self.followed * costs.follow_redis
        of_database = costs.crowded_database + self.followed * costs.follow_database
        second = machines.busy * 1e6
        return (
            self.size * of_one / (processes * second),
            self.size * of_redis / (self.masters(processes).number * second),
            self.size * of_database / (self.shards().number * machines.cores * second),
        )

    def limits(self) -> dict[str, float]:
        """Return how much is used of what more machines do not add to; above 1 is too much."""
        people, costs, machines, to_all = self.people, self.costs, self.machines, self.rates.to_all
        processes = self.processes().number
        shared = 1 if processes > 1 else 0
        core = machines.busy * 1e6
        fan_out = costs.redis_event + processes * costs.redis_hearer
        calls = machines.mongodb_calls + machines.mongodb_watching
        clients = processes * machines.redis_connections
        pairs = self.size * people.accounts * people.directs / 2
        return {
            "channel for all: its Redis master's core": shared * to_all * fan_out / core,
            "channel for all: that master's network": (
                shared * to_all * processes * costs.news_bytes / machines.network
            ),
            "channel for all: each process's core": (
                shared * to_all * (costs.hear + costs.news) / core
            ),
            "connections to one mongod, all calls at once": (
                processes * calls / machines.mongodb_connections
            ),
            "connections to one Redis": shared * clients / machines.redis_clients,
            "masters of a Redis cluster": (self.masters(processes).number / machines.redis_masters),
            "`conversations`, on one shard's disk": pairs * costs.pair_bytes / machines.disk,
        }

    def met_at(self, limit: str) -> float:
        """Return the least number of people at which a limit is met."""
        # Step by step, since the use of one may fall again where another is exceeded.
        people = 1.0
        while structs.replace(self, size=people).limits()[limit] < 1 and people < _MOST:
            people *= _STEP
        return people


def cost_of_send(costs: Costs, rate: float) -> float:
    """Return the CPU time of a send in a process of so many a second, between those measured."""
    first, last = costs.sending[0], costs.sending[-1]
    for (low, dear), (high, cheap) in pairwise(costs.sending):
        if low < rate <= high:
            return dear + (cheap - dear) * math.log(rate / low) / math.log(high / low)
    return first[1] if rate <= first[0] else last[1]
