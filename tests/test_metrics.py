"""What is measured, and that clients cannot make it grow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from raw_http import exchange, request
from tornado.httpserver import HTTPServer

from handlers.application import ROUTES
from realchat import metrics
from realchat.meters import FOLDER_VARIABLE, Numbers, whole_registry


def value(name: str, **labels: str) -> float:
    """Return a measure as it is now."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


@pytest.mark.parametrize(
    ("count", "name", "labels", "by"),
    [
        (metrics.count_socket_opened, "realchat_sockets_open", {}, 1),
        (metrics.count_socket_closed, "realchat_sockets_open", {}, -1),
        (lambda: metrics.count_frames("in"), "realchat_frames_total", {"direction": "in"}, 1),
        (lambda: metrics.count_frames("out", 3), "realchat_frames_total", {"direction": "out"}, 3),
        (lambda: metrics.count_batch(7), "realchat_messages_stored_total", {}, 7),
        (lambda: metrics.count_batch(7), "realchat_append_batch_size_count", {}, 1),
        (lambda: metrics.count_batch(7), "realchat_append_batch_size_bucket", {"le": "8.0"}, 1),
        (lambda: metrics.count_batch(7), "realchat_append_batch_size_bucket", {"le": "4.0"}, 0),
        (lambda: metrics.count_deliveries(2), "realchat_deliveries_total", {}, 2),
        (metrics.count_slow_reader, "realchat_slow_readers_total", {}, 1),
        (lambda: metrics.count_mail("sent"), "realchat_mails_total", {"outcome": "sent"}, 1),
        (lambda: metrics.count_upload(99), "realchat_uploaded_bytes_total", {}, 99),
        (
            lambda: metrics.count_translation("ready"),
            "realchat_translations_total",
            {"outcome": "ready"},
            1,
        ),
    ],
)
def test_what_is_counted_shows_in_its_measure(
    count: Callable[[], None], name: str, labels: dict[str, str], by: float
) -> None:
    before = value(name, **labels)
    count()
    assert value(name, **labels) == before + by


@pytest.mark.gen_test
async def test_a_request_is_counted_under_its_route_and_status(port: int) -> None:
    counted = {"route": "/docs/{name}", "method": "GET", "status": "404"}
    timed = {"route": "/docs/{name}", "method": "GET"}
    before = value("realchat_requests_total", **counted)
    times = value("realchat_request_seconds_count", **timed)
    await exchange(port, request("GET /docs/nothing.txt"))
    assert value("realchat_requests_total", **counted) == before + 1
    assert value("realchat_request_seconds_count", **timed) == times + 1


@pytest.mark.gen_test
async def test_whatever_clients_ask_for_there_are_no_new_labels(port: int) -> None:
    for line in ("GET /one", "GET /two/%ff", "BREW /three", "GET /docs/%ff", "FOO /healthz"):
        await exchange(port, request(line))
    await exchange(port, b"rubbish\r\n\r\n")
    known = {route.template for route in ROUTES} | {"unknown", "malformed"}
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
    for family in metrics.REQUESTS.collect():
        for sample in family.samples:
            assert sample.labels["route"] in known
            assert sample.labels["method"] in methods


@pytest.mark.gen_test
async def test_a_malformed_request_is_counted_too(port: int) -> None:
    labels = {"route": "malformed", "method": "other", "status": "400"}
    before = value("realchat_requests_total", **labels)
    await exchange(port, b"rubbish\r\n\r\n")
    assert value("realchat_requests_total", **labels) == before + 1


def test_files_that_a_worker_is_just_making_keep_nobody_from_all_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    numbers = Numbers("numbers", 1)
    numbers.own[0] = 3
    for name in ("numbers.1", "counter_1.db"):
        (tmp_path / name).touch()
    assert numbers.totals() == [3]
    assert list(whole_registry().collect()) == []


def test_a_gauge_that_a_worker_is_just_making_is_not_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    key = mmap_key("up", "up", [], [], "")
    path = str(tmp_path / "gauge_livemin_1.db")
    registry = whole_registry()
    begun: Any = MmapedDict(path)  # type: ignore[no-untyped-call]  # the library's
    with closing(begun):
        begun.read_value(key)  # which makes it 0
        assert registry.get_sample_value("up") is None
        begun.write_value(key, 1, 0)
    (tmp_path / "made.1").touch()
    assert registry.get_sample_value("up") == 1


def test_no_two_routes_are_taken_for_each_other() -> None:
    keys = [(route.handler, frozenset(route.parameters)) for route in ROUTES]
    assert len(keys) == len(set(keys))
