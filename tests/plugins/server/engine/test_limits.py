"""Who may start now, against a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anyjob_server.engine.limits import Gate, Ticket


def ticket(instance: int, *, job: int = 1, group: int = 1, priority: int = 5, serial: int | None = None) -> Ticket:
    return Ticket(instance=instance, job=job, group=group, priority=priority, serial=serial)


def numbers(tickets: list[Ticket]) -> list[int]:
    return [one.instance for one in tickets]


def test_the_groups_limit_queues_by_priority_and_order_of_arrival() -> None:
    gate = Gate()
    assert gate.limit(1, 1) == []
    assert gate.enter(ticket(1))
    waiting = [ticket(2, priority=5), ticket(3, priority=15), ticket(4, priority=5), ticket(5, priority=10)]
    assert [gate.enter(one) for one in waiting] == [False] * 4
    order = [numbers(gate.leave(instance)) for instance in (1, 3, 5, 2)]
    assert order == [[3], [5], [2], [4]]


def test_a_waiting_one_says_what_it_waits_for_and_leaves() -> None:
    gate = Gate()
    gate.limit(1, 1)
    gate.enter(ticket(1))
    gate.enter(ticket(2))
    gate.enter(ticket(3, priority=15))
    place = gate.place(2)
    assert place is not None
    assert (place.before, place.limit, place.whose) == (1, 1, "its app group")
    assert gate.leave(3) == []
    assert gate.place(3) is None
    assert numbers(gate.leave(1)) == [2]


def test_another_group_is_not_held_up_but_by_the_servers_slots() -> None:
    gate = Gate(slots=2)
    gate.limit(1, 1)
    assert [gate.enter(ticket(1)), gate.enter(ticket(2)), gate.enter(ticket(3, group=2))] == [True, False, True]
    assert not gate.enter(ticket(4, group=2))
    place = gate.place(4)
    assert place is not None
    assert (place.limit, place.whose) == (2, "this server")
    assert numbers(gate.leave(3)) == [4]


def test_a_raised_limit_lets_in_at_once() -> None:
    gate = Gate()
    gate.limit(1, 1)
    for number in (1, 2, 3):
        gate.enter(ticket(number))
    assert numbers(gate.limit(1, 2)) == [2]
    assert numbers(gate.limit(1, None)) == [3]


def test_what_is_serial_waits_for_its_own_job_and_counts_only_when_it_is_past_that() -> None:
    gate = Gate()
    assert gate.enter(ticket(1, serial=1))
    assert not gate.enter(ticket(2, serial=1))
    assert not gate.enter(ticket(3, serial=1))
    assert gate.taken(1) == 1
    assert numbers(gate.leave(1)) == [2]
    assert gate.leave(3) == []
    assert gate.leave(2) == []
    assert gate.taken(1) == 0


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 5, 10, 15]), st.booleans(), st.booleans()),
        max_size=40,
    ),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_limits_hold_and_nobody_waits_in_vain(
    steps: list[tuple[int, int, int, bool, bool]], slots: int, most: int
) -> None:
    gate, inside, waiting = Gate(slots), dict[int, Ticket](), dict[int, Ticket]()
    gate.limit(1, most)
    for number, (group, job, priority, serial, leaves) in enumerate(steps):
        if leaves and (inside or waiting):
            gone = min([*inside, *waiting])
            let_in = gate.leave(gone)
            inside.pop(gone, None)
            waiting.pop(gone, None)
        else:
            one = ticket(number, job=job * 10 + group, group=group, priority=priority, serial=1 if serial else None)
            let_in = [one] if gate.enter(one) else []
            if not let_in:
                waiting[number] = one
        for one in let_in:
            waiting.pop(one.instance, None)
            inside[one.instance] = one
        assert len(inside) <= slots
        assert sum(one.group == 1 for one in inside.values()) <= most
        for one in waiting.values():
            full = len(inside) == slots or (one.group == 1 and sum(x.group == 1 for x in inside.values()) == most)
            behind = one.serial is not None and gate.taken(one.job) >= 1
            assert full or behind, "it waits, and nothing holds it"
            assert gate.place(one.instance) is not None
