"""What every test here shares: the practice server, whose signatures the vendor's own code reckons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.executors.dataworks.vendor import vendor_signature

from anyjob_dataworks.peer import Peer


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(expected=vendor_signature) as made:
        yield made
