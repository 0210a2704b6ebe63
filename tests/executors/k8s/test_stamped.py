"""A log that is read in pieces, over any number of readers, is the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from anyjob_k8s.labelled import Labelled
from anyjob_k8s.stamped import Place, Stamped

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
    """As the kubelet writes it: what is older than `since` left out, a time wherever a line begins in what is left."""
    floor = -(10**18) if since is None else round((datetime.fromisoformat(since).timestamp() - START) * 10**9)
    out, fresh = b"", True
    for piece in pieces:
        if piece.at < floor:
            continue
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


def ordered(pieces: list[Piece]) -> list[Piece]:
    """Parts of one line come from one pipe, in order, each at a time of its own; and what follows a line in parts is no
    older than they are. (Else a last part that is left of a line before `since` may look like a line behind it.)"""
    made: list[Piece] = []
    parts = False
    for piece in pieces:
        before = made[-1] if made else None
        parts = parts if before is None or before.text.endswith(b"\n") else True
        at = max(piece.at, before.at + 1) if before is not None and parts else piece.at
        made.append(Piece(at=at, text=piece.text))
        parts = parts and not (before is not None and before.text.endswith(b"\n"))
    return made


@settings(max_examples=150)
@given(logs(), st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["Z", "+08:00"]), SIZES)
def test_cut_anywhere_and_taken_up_again(pieces: list[Piece], cuts: list[int], zone: str, sizes: list[int]) -> None:
    pieces = ordered(pieces)
    whole = b"".join(piece.text for piece in pieces)
    place: Place | None = None
    got, blocks = b"", cycle(sizes)
    for cut in [*cuts, None]:
        reader = Stamped(place)
        said = answer(pieces, None if place is None else place.since, zone)
        said = said if cut is None else said[:cut]
        while said:
            size = next(blocks)
            got += reader.feed(said[:size])
            said = said[size:]
            # Durable after each feed: a worker that dies takes nothing else along.
            place = reader.place and Place.from_text(reader.place.to_text())
        assert not reader.gap
        assert not reader.said
    assert got == whole


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
