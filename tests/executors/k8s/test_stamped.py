"""A log that is read in pieces, over any number of readers, is the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from anyjob_k8s.labelled import Labelled
from anyjob_k8s.place import Place
from anyjob_k8s.stamped import Stamped

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=5)
"""Of the blocks in which an answer comes."""
START = datetime(2026, 11, 27, 23, 59, 57, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Piece:
    """What the runtime writes at once: at most 16 KB, perhaps only a part of a line."""

    at: int
    """Nanoseconds since START."""
    text: bytes


def stamp(at: int, zone: str) -> bytes:
    seconds, nanos = divmod(at, 10**9)
    shift = 8 * 3600 if zone == "+08:00" else 0
    moment = datetime.fromtimestamp(START + seconds + shift, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos:09d}{zone} ".encode()


def answer(pieces: list[Piece], since: str | None, zone: str) -> bytes:
    """As the kubelet writes it, of one file or of several that it followed over rotations: what is older than `since`
    left out, a time wherever a line begins, be it left out itself (cri-client v0.34, ReadLogs and logWriter.write)."""
    floor = -(10**18) if since is None else round((datetime.fromisoformat(since).timestamp() - START) * 10**9)
    out, fresh = b"", True
    for piece in pieces:
        if piece.at >= floor:
            out += (stamp(piece.at, zone) if fresh else b"") + piece.text
        fresh = piece.text.endswith(b"\n")
    return out


@st.composite
def logs(draw: st.DrawFn) -> list[Piece]:
    at, pieces = 0, list[Piece]()
    for _ in range(draw(st.integers(0, 25))):
        # Backwards a little, as two pipes are stamped apart; or far ahead.
        at = max(0, at + draw(st.sampled_from([-3000, 0, 1, 250_000_000, 1_400_000_000])))
        body = draw(st.sampled_from([b"", b"a", b"2026-11-27T23:59:58.000000000Z x", b"\xff\0\x1b", b"long " * 40]))
        pieces.append(Piece(at=at, text=body + draw(st.sampled_from([b"\n", b"\n", b"\n", b""]))))
    return [piece for piece in pieces if piece.text]


def read(
    reader: Stamped, said: bytes, blocks: Iterator[int], cut: int | None, *, hide: bool = False
) -> Iterator[tuple[bytes, Place | None]]:
    """What is new, with the place after it: durable after each feed, a worker that dies takes nothing else along.

    `cut`: so many bytes come, and then an error; None: all, and the end. `hide`: the run has secrets.
    """
    left = said[:cut]
    while left:
        size = next(blocks)
        new = reader.feed(left[:size])
        left = left[size:]
        yield new, reader.place and Place.from_text(reader.place.to_text(hide=hide))
    if cut is None:
        yield reader.end(), reader.place


@settings(max_examples=300)
@given(logs(), st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["Z", "+08:00"]), SIZES)
def test_cut_anywhere_and_taken_up_again(pieces: list[Piece], cuts: list[int], zone: str, sizes: list[int]) -> None:
    whole = b"".join(piece.text for piece in pieces)
    place: Place | None = None
    got, blocks = b"", cycle(sizes)
    for cut in [*cuts, None]:
        reader = Stamped(place)
        said = answer(pieces, None if place is None else place.since, zone)
        for new, now in read(reader, said, blocks, cut):
            got, place = got + new, now
        assert not reader.said or cut is not None
        assert not reader.gap
    assert got == whole


@dataclass(frozen=True)
class Look:
    """One reading: `opened` when so many pieces had been written, read until so many were; `bytes` of it came."""

    opened: int
    until: int
    bytes: int | None


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Piece], list[int], list[Look]]:
    """A log, before which pieces a new file begins, and how it is read. Each piece has a text that no other has."""
    pieces = [
        Piece(at=piece.at, text=b"<%d>" % number + piece.text.rstrip(b"\n") + piece.text[-1:])
        for number, piece in enumerate(draw(logs()))
    ]
    size = len(pieces)
    rotations = sorted(set(draw(st.lists(st.integers(1, max(1, size)), max_size=4))))
    taken: set[int] = set()
    first, twins = True, False
    for number, piece in enumerate(pieces):
        if number in rotations:
            first, twins = True, False
        # Rotations take longer than a nanosecond, and so do parts: whole lines alone may have one time.
        at = piece.at
        while at in taken and not (twins and at == pieces[number - 1].at):
            at += 1
        pieces[number] = replace(piece, at=at)
        taken.add(at)
        over = piece.text.endswith(b"\n")
        first, twins = first and not over, over and not first
    looks: list[Look] = []
    at = 0
    for _ in range(draw(st.integers(0, 6))):
        opened = draw(st.integers(at, size))
        at = draw(st.integers(opened, size))
        looks.append(Look(opened=opened, until=at, bytes=draw(st.none() | st.integers(0, 300))))
    return pieces, rotations, [*looks, Look(opened=size, until=size, bytes=None)]


@settings(max_examples=600)
@given(life=lives(), sizes=SIZES, hide=st.booleans())
def test_over_rotations_nothing_is_lost_or_doubled_but_where_it_is_said(
    *, life: tuple[list[Piece], list[int], list[Look]], sizes: list[int], hide: bool
) -> None:
    pieces, rotations, looks = life
    whole = b"".join(piece.text for piece in pieces)
    place: Place | None = None
    parts: list[tuple[bytes, bool]] = [(b"", False)]
    """What was read between two gaps, and whether it was said that it may begin with what was read before."""
    blocks, first = cycle(sizes), 0
    for look in looks:
        file = max([0, *(at for at in rotations if at <= look.opened)])
        reader = Stamped(place)
        said = answer(pieces[file : look.until], None if place is None else place.since, "Z")
        told = False
        for new, now in read(reader, said, blocks, look.bytes, hide=hide):
            if reader.gap and not told:
                told = True
                parts.append((b"", reader.repeated))
            parts[-1] = parts[-1][0] + new, parts[-1][1]
            if place is None and now is not None:
                first = len(b"".join(piece.text for piece in pieces[:file]))
            place = now if new else place
        assert not reader.said or look.bytes is not None
    end = 0
    for number, (part, repeated) in enumerate(parts):
        if number == 0:
            # What is rotated away before anybody has read anything is not known of.
            at = first if whole.startswith(part, first) else -1
        else:
            at = whole.find(part, 0 if repeated else end)
        assert at >= 0, "what is read is in the log, in one piece, and not doubled unless it is said"
        end = at + len(part) if part else end
    last = max([0, *(at for at in rotations if at <= len(pieces))])
    newest = b"".join(piece.text for piece in pieces[last:])
    assert parts[-1][0].endswith(newest) or whole.endswith(parts[-1][0]), "what can be read is read"


def test_a_rotated_log_goes_on_behind_the_gap_and_says_so() -> None:
    lines = [Piece(at=n * 300_000_000, text=b"%d\n" % n) for n in range(20)]
    first = Stamped(None)
    assert first.feed(answer(lines[:8], None, "Z")) == b"".join(line.text for line in lines[:8])
    place = first.place
    assert place is not None
    second = Stamped(place)
    assert second.feed(answer(lines[12:], place.since, "Z")) == b"".join(line.text for line in lines[12:])
    assert second.gap


def test_the_kubelets_own_words_are_none_of_the_job() -> None:
    reader = Stamped(None)
    said = b"unable to retrieve container logs for containerd://abc\n" + stamp(0, "Z") + b"mine\n"
    assert reader.feed(said) == b"mine\n"
    assert reader.said == ["unable to retrieve container logs for containerd://abc"]


def test_labels_stand_before_whole_lines_only() -> None:
    lines = Labelled("web")
    assert lines.feed(b"a\nb") == b"[web] a\n"
    assert lines.feed(b"c\n\n") == b"[web] bc\n[web] \n"
    assert lines.feed(b"x" * 70_000) == b"[web] " + b"x" * 65_536 + b"\n"
    assert lines.end() == b"[web] " + b"x" * (70_000 - 65_536) + b"\n"
    assert Labelled("").feed(b"\xff") == b"\xff"
