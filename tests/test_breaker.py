"""When another's server is left alone: the breaker, the brake, and the pauses between attempts."""

from __future__ import annotations

import pytest

from realchat.breaker import Brake, Breaker, backoff


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


def opened(clock: Hands) -> Breaker:
    """Return a breaker that two failures have opened for ten seconds."""
    breaker = Breaker(2, 10, clock)
    breaker.fail()
    breaker.fail()
    return breaker


def test_failures_in_a_row_open_the_breaker(clock: Hands) -> None:
    breaker = Breaker(2, 10, clock)
    breaker.fail()
    assert breaker.admit()
    breaker.fail()
    assert breaker.is_open
    assert not breaker.admit()


def test_failures_with_an_answer_between_them_do_not(clock: Hands) -> None:
    breaker = Breaker(2, 10, clock)
    for _ in range(5):
        breaker.fail()
        breaker.succeed()
    assert breaker.admit()


def test_after_the_rest_one_alone_is_let_through(clock: Hands) -> None:
    breaker = opened(clock)
    clock.now += 10
    assert not breaker.is_open
    assert [breaker.admit() for _ in range(3)] == [True, False, False]


def test_its_success_lets_all_through(clock: Hands) -> None:
    breaker = opened(clock)
    clock.now += 10
    breaker.admit()
    breaker.succeed()
    assert [breaker.admit() for _ in range(3)] == [True, True, True]


def test_its_failure_begins_the_rest_anew(clock: Hands) -> None:
    breaker = opened(clock)
    clock.now += 10
    breaker.admit()
    clock.now += 5
    breaker.fail()
    clock.now += 9
    assert breaker.is_open
    clock.now += 1
    assert breaker.admit()


def test_one_who_never_reports_does_not_keep_it_shut_for_ever(clock: Hands) -> None:
    breaker = opened(clock)
    clock.now += 10
    breaker.admit()
    clock.now += 10
    assert breaker.admit()


def test_the_brake_keeps_to_the_time_that_is_named(clock: Hands) -> None:
    brake = Brake(2, 60, clock)
    assert brake.remaining == 0
    brake.press(90)
    assert brake.remaining == 90
    clock.now += 90
    assert brake.remaining == 0


def test_nobody_is_believed_who_names_more_than_an_hour(clock: Hands) -> None:
    brake = Brake(2, 60, clock)
    brake.press(1e9)
    assert brake.remaining == 3600


def test_who_names_no_time_at_all_is_given_a_little(clock: Hands) -> None:
    brake = Brake(2, 60, clock)
    brake.press(0)
    assert brake.remaining == 2


def test_without_a_named_time_each_refusal_doubles_the_pause(clock: Hands) -> None:
    brake = Brake(2, 10, clock)
    pauses = []
    for _ in range(4):
        brake.press(None)
        pauses.append(brake.remaining)
        clock.now += brake.remaining
    assert pauses == [2, 4, 8, 10]


def test_refusals_of_calls_that_went_out_together_are_one(clock: Hands) -> None:
    brake = Brake(2, 60, clock)
    for _ in range(8):
        brake.press(None)
    assert brake.remaining == 2
    clock.now += 2
    brake.press(None)
    assert brake.remaining == 4


def test_a_success_takes_the_pause_back_to_the_first(clock: Hands) -> None:
    brake = Brake(2, 60, clock)
    brake.press(None)
    clock.now += 2
    brake.release()
    brake.press(None)
    assert brake.remaining == 2


@pytest.mark.parametrize("attempt", range(4))
def test_pauses_double_and_half_of_each_is_chance(attempt: int) -> None:
    pauses = {backoff(attempt, 0.5) for _ in range(100)}
    assert len(pauses) > 50
    assert min(pauses) >= 0.25 * 2**attempt
    assert max(pauses) <= 0.5 * 2**attempt
