"""Who writes crontab's dialect is told the same in Quartz's, or nothing."""

from __future__ import annotations

import pytest

from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.cron import Cron


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("@daily", "0 0 0 * * ?"),
        ("@Weekly", "0 0 0 ? * SUN"),
        ("0 0 * * *", "0 0 0 * * ?"),
        ("*/5 9-17 * * 1-5", "0 */5 9-17 ? * MON-FRI"),
        ("30 4 * * 0", "0 30 4 ? * SUN"),
        ("30 4 * * 7", "0 30 4 ? * SUN"),
        ("30 4 1 * *", "0 30 4 1 * ?"),
        ("30 4 * * mon,3", "0 30 4 ? * MON,WED"),
        # Quartz cannot say a day of both fields, and a step over weekdays would begin elsewhere.
        ("30 4 1 * 1", None),
        ("30 4 * * */2", None),
        ("@reboot", None),
        ("0 0 25 40 *", None),
    ],
)
def test_the_remedy_for_crontab(written: str, meant: str | None) -> None:
    with pytest.raises(BadCron) as error:
        Cron.parse(written)
    assert error.value.remedy.partition("what crontab says so is ")[2].partition(" here")[0] == (
        "" if meant is None else f'"{meant}"'
    )
