"""What `bench.model` reckons with: what is assumed of people and machines, what was measured."""

from __future__ import annotations

from msgspec import Struct

KB, GB, TB = 1e3, 1e9, 1e12


class People(Struct, frozen=True, kw_only=True):
    """What is assumed of those who are connected; rates are of one person."""

    messages_a_day: float = 40
    # The busiest hour's rate, as a multiple of the day's.
    peak: float = 3
    # Messages to one other person; the others go to a group of so many.
    direct_share: float = 0.6
    group_size: float = 20
    # Of the others in a conversation, those who are connected in the busiest hour.
    online: float = 0.5
    devices: float = 1.3
    directs: float = 50
    groups: float = 10
    # A phone's app comes and goes.
    connects_a_day: float = 20
    # Read marks for each message that reaches somebody else.
    marks: float = 0.3
    # Changed names, members, glossaries, ended sessions: what all processes are told.
    changes_a_day: float = 0.1
    # Accounts for each who is connected at the busiest hour.
    accounts: float = 3


class Costs(Struct, frozen=True, kw_only=True):
    """What was measured, in microseconds of CPU and bytes.

    *performance*: docs/performance.md. *workers*, *bus*, *room*: the parts of `make bench-workers`.
    """

    # Sends a second of one process, and its CPU for each: P1, P10, P100 (performance).
    sending: tuple[tuple[float, float], ...] = ((589, 682), (3_502, 173), (7_852, 81))
    # One more reader, each written to alone: A1 (performance).
    delivery: float = 7.4
    # What is sent and heard between processes: TCP, one hearer (bus).
    tell: float = 22.0
    hear: float = 16.6
    # Redis for an event, and for each hearer: TCP, one and four hearers (bus).
    redis_event: float = 4.3
    redis_hearer: float = 0.6
    # A message against its sender's limit (docs/scale.md).
    limit: float = 19
    # To take apart an event with 120 readers, besides hearing it, and its bytes (room).
    news: float = 5.1
    news_bytes: float = 3_116
    # A mark, an upper bound: what a send costs a busy process, P100 (performance).
    mark: float = 81
    # Somebody connects, alone, with few conversations: process, database, Redis: C (workers).
    connect: float = 7_200
    connect_database: float = 3_000
    connect_redis: float = 250
    # The same while all come at once: CC (workers).
    crowded: float = 830
    crowded_database: float = 20
    crowded_redis: float = 33
    # One conversation more: followed by the process, asked of the database, listened to (room).
    follow: float = 13.2
    follow_database: float = 5.0
    follow_redis: float = 2.5
    # A journaled write that shares its round with no other, when there are many: "one
    # insert_one a message", P100 (performance); ours has five indexes more: P1's 605 to 542.
    write: float = 319 * 605 / 542
    # Resident memory: an idle process (docs/operations.md), a socket: D (performance).
    process_bytes: float = 180e6
    socket_bytes: float = 7.0 * KB
    # A conversation that is followed (room).
    conversation_bytes: float = 886
    # To look through one conversation for what can be freed, all at a stretch: 0.3 among
    # 20,000 (room), 0.5 among 800,000.
    collect: float = 0.5
    # Redis' memory: a channel with its first listener, each further one, a person (room).
    channel_bytes: float = 272
    listener_bytes: float = 182
    person_bytes: float = 304
    # A message on disk and in the indexes; one member of a replica set (room).
    message_bytes: float = 185 + 120
    # A document of two who ever talked, with its indexes (docs/sharding.md).
    pair_bytes: float = 400


class Machines(Struct, frozen=True, kw_only=True):
    """What is assumed of machines, and where each is called full."""

    cores: int = 8
    memory: float = 32 * GB
    # Shares that may be used in the busiest hour; a core, a machine's memory.
    busy: float = 0.6
    filled: float = 0.75
    # Seconds that a process may stand still to look for what can be freed.
    pause: float = 0.25
    # Bytes a second of a Redis master's network: 10 Gbit/s.
    network: float = 1.25e9
    disk: float = 4 * TB
    # Motor's threads, which bound the calls under way at once, and what watches a server
    # (realchat/store/database.py).
    mongodb_calls: int = 32
    mongodb_watching: int = 3
    # Connections between two addresses, of which one port is given: Linux's own
    # ip_local_port_range, 32768 to 60999.
    ports: int = 28_232
    # 0.8 of the 64,000 files that MongoDB's manual recommends (reference/ulimit).
    mongodb_connections: int = 51_200
    # The bus hears and sends by two; calls by few more (realchat/redis_client.py).
    redis_connections: int = 4
    # redis.conf, maxclients; the masters that the cluster's specification aims at.
    redis_clients: int = 10_000
    redis_masters: int = 1_000
