"""The conformance suite as one class to subclass."""

from __future__ import annotations

from anyjob.testing.cases.bindings import BindingCases
from anyjob.testing.cases.contexts import ContextCases
from anyjob.testing.cases.crowds import CrowdCases
from anyjob.testing.cases.deadlines import DeadlineCases
from anyjob.testing.cases.deaths import DeathCases
from anyjob.testing.cases.endings import EndingCases
from anyjob.testing.cases.fields import FieldCases
from anyjob.testing.cases.hands import HandCases
from anyjob.testing.cases.health import HealthCases
from anyjob.testing.cases.inputs import InputCases
from anyjob.testing.cases.isolation import IsolationCases
from anyjob.testing.cases.leftovers import LeftoverCases
from anyjob.testing.cases.limits import LimitCases
from anyjob.testing.cases.logs import LogCases
from anyjob.testing.cases.retries import RetryCases
from anyjob.testing.cases.secrets import SecretCases
from anyjob.testing.cases.stops import StopCases
from anyjob.testing.cases.verbs import VerbCases

__all__ = ["ExecutorContract"]


class ExecutorContract(
    BindingCases,
    FieldCases,
    HealthCases,
    EndingCases,
    VerbCases,
    HandCases,
    StopCases,
    DeadlineCases,
    DeathCases,
    RetryCases,
    CrowdCases,
    LogCases,
    ContextCases,
    InputCases,
    SecretCases,
    IsolationCases,
    LeftoverCases,
    LimitCases,
):
    """Proves an executor: through the real host and the real worker, hostile cases included.

        # tests/test_contract.py
        from anyjob.testing import ExecutorContract

        class TestSqlExecutor(ExecutorContract):
            job_type = "sql"

    The jobs that it runs are the type's `Samples`. A case is skipped only for what the type does not promise, with the
    reason `lacks: ...`; `pytest -rs` lists them. A promise without its sample is a failure. Needs `anyjob[testing]`.
    """
