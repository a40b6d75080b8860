"""What Prometheus is told: every measure of the program, each with a function of one line.

The objects live in prometheus-client's default registry, next to those of the
process itself; where workers share a port, each tells of all (`realchat.meters`).
Labels are from small fixed sets, never from what clients send.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from realchat.meters import Numbers, whole_registry
from realchat.pairs import EngineState

# When each series began is of no use here and makes as many series again.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left its types out

MEDIA_TYPE = CONTENT_TYPE_LATEST

Direction = Literal["in", "out"]
MailOutcome = Literal["sent", "failed", "printed"]
TranslationOutcome = Literal["ready", "cached"]

# A database's journaled write takes some milliseconds; bcrypt a third of a second.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

REQUESTS = Counter(
    "realchat_requests", "HTTP requests that were answered.", ["route", "method", "status"]
)
REQUEST_SECONDS = Histogram(
    "realchat_request_seconds",
    "Time from a request's headers to the end of its answer.",
    ["route", "method"],
    buckets=_SECONDS,
)
SOCKETS = Gauge(
    "realchat_sockets_open",
    "WebSocket connections that are open now.",
    multiprocess_mode="livesum",
)
MESSAGES = Counter("realchat_messages_stored", "Messages that were stored.")
BATCHES = Histogram(
    "realchat_append_batch_size", "Messages that one database write stored.", buckets=_BATCHES
)
SLOW_READERS = Counter("realchat_slow_readers", "Connections closed because they read too slowly.")
FLOODS = Counter("realchat_floods", "Connections closed because they sent too much.")
MAILS = Counter("realchat_mails", "Mails by what became of them.", ["outcome"])
UPLOADED_BYTES = Counter("realchat_uploaded_bytes", "Bytes of files that were stored.")
TRANSLATIONS = Counter("realchat_translations", "Translations by what became of them.", ["outcome"])
REFUSALS = Counter(
    "realchat_translation_refusals", "Translations that could not be had, by reason.", ["reason"]
)
JOBS = Counter(
    "realchat_translation_jobs",
    "Texts that the engine translated; one through English is two.",
    ["engine", "source", "target"],
)
JOB_SECONDS = Histogram(
    "realchat_translation_job_seconds",
    "Time that the engine took for a text.",
    ["engine"],
    buckets=_SECONDS,
)
ENGINE_UP = Gauge(
    "realchat_translation_engine_up",
    "Whether the engine answers.",
    ["engine"],
    multiprocess_mode="livemin",
)
TARGETS = Gauge(
    "realchat_translation_targets",
    "Languages that the engine translates a language into directly.",
    ["engine", "source"],
    multiprocess_mode="livemin",
)
# The languages that an engine was shown to translate.
_SHOWN: set[str] = set()
BUS = Counter(
    "realchat_bus_events",
    "Events between processes: sent, received, dropped where too much waited.",
    ["what"],
)
BUS_RECONNECTS = Counter("realchat_bus_reconnects", "Times that Redis came back.")
BUS_UP = Gauge(
    "realchat_bus_up",
    "Whether Redis is there; 1 where there is but one process.",
    multiprocess_mode="livemin",
)
# Until it was looked for: a worker that starts is no outage.
BUS_UP.set(1)
GAPS = Counter("realchat_bus_gaps", "Messages that the bus lost and the database had.")


class Traffic(Collector):
    """What is counted for every frame, on the event loop alone: plain numbers without a lock."""

    def __init__(self) -> None:
        self._numbers = Numbers("traffic", len(_TRAFFIC))
        self.own = self._numbers.own

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counters as Prometheus reads them."""
        *frames, deliveries = self._numbers.totals()
        family = CounterMetricFamily("realchat_frames", "WebSocket frames.", labels=["direction"])
        for direction, number in zip(get_args(Direction), frames, strict=True):
            family.add_metric([direction], number)
        yield family
        yield CounterMetricFamily(
            "realchat_deliveries",
            "Events handed to the outboxes of connections.",
            value=deliveries,
        )


# Places among the numbers of a process.
_TRAFFIC = {"in": 0, "out": 1, "deliveries": 2}
TRAFFIC = Traffic()
EVERYTHING = whole_registry(TRAFFIC)


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is the template, never the address itself."""
    REQUESTS.labels(route, method, str(status)).inc()
    REQUEST_SECONDS.labels(route, method).observe(seconds)


def count_socket_opened() -> None:
    """Count a connection that opened."""
    SOCKETS.inc()


def count_socket_closed() -> None:
    """Count a connection that closed."""
    SOCKETS.dec()


def count_frames(direction: Direction, number: int = 1) -> None:
    """Count frames that came `in` or went `out`."""
    TRAFFIC.own[_TRAFFIC[direction]] += number


def count_batch(messages: int) -> None:
    """Count one write of the message log and the messages that it stored."""
    BATCHES.observe(messages)
    MESSAGES.inc(messages)


def count_deliveries(connections: int) -> None:
    """Count an event that was handed to so many connections."""
    TRAFFIC.own[_TRAFFIC["deliveries"]] += connections


def count_slow_reader() -> None:
    """Count a connection closed for reading too slowly."""
    SLOW_READERS.inc()


def count_flood() -> None:
    """Count a connection closed for sending too much."""
    FLOODS.inc()


def count_mail(outcome: MailOutcome) -> None:
    """Count a mail."""
    MAILS.labels(outcome).inc()


def count_upload(size: int) -> None:
    """Count a stored file of `size` bytes."""
    UPLOADED_BYTES.inc(size)


def count_translation(outcome: TranslationOutcome) -> None:
    """Count a translation that was made, or found among those of before."""
    TRANSLATIONS.labels(outcome).inc()


def count_refusal(reason: str) -> None:
    """Count a translation that could not be had; `reason` is one of the contract."""
    TRANSLATIONS.labels("unavailable").inc()
    REFUSALS.labels(reason).inc()


def count_job(engine: str, source: str, target: str, seconds: float) -> None:
    """Count a text that the engine translated; the pair is one that it named itself."""
    JOBS.labels(engine, source, target).inc()
    JOB_SECONDS.labels(engine).observe(seconds)


def show_engine(state: EngineState) -> None:
    """Show what the engine can do now, and nothing of what it could before."""
    ENGINE_UP.labels(state.engine).set(state.answers)
    for source in _SHOWN - state.pairs.keys():
        # Workers cannot take a series back.
        TARGETS.labels(state.engine, source).set(0)
    for source, targets in state.pairs.items():
        TARGETS.labels(state.engine, source).set(len(targets))
    _SHOWN.update(state.pairs)


def count_bus_sent(number: int) -> None:
    """Count events that other processes are told."""
    BUS.labels("sent").inc(number)


def count_bus_received() -> None:
    """Count an event that another process told."""
    BUS.labels("received").inc()


def count_bus_dropped() -> None:
    """Count an event that could not be kept until Redis comes back."""
    BUS.labels("dropped").inc()


def count_bus_reconnect() -> None:
    """Count a return of Redis."""
    BUS_RECONNECTS.inc()


def show_bus(*, is_up: bool) -> None:
    """Show whether Redis is there."""
    BUS_UP.set(is_up)


def count_gaps(messages: int) -> None:
    """Count messages that were fetched since the bus did not bring them."""
    GAPS.inc(messages)


def render() -> bytes:
    """Write all measures as Prometheus reads them."""
    return generate_latest(EVERYTHING)
