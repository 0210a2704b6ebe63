"""The way's own assertions tell what they saw."""

import pytest

pytest.register_assert_rewrite("tests.e2e.way")
