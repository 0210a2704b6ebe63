"""The egress policy: which hosts and addresses this process may call, and the connection that keeps to it.

For every URL that a job, a registry or a webhook names. `transport` (for requests) needs the extra `anyjob[egress]`.
"""

from anyjob.egress.address import RESERVED, Address, spellings
from anyjob.egress.call import Call, CallEnded, CallStep
from anyjob.egress.egress import Egress
from anyjob.egress.rule import Rule
from anyjob.egress.settings import EgressSettings
from anyjob.egress.url import Target, read_url

__all__ = [
    "RESERVED",
    "Address",
    "Call",
    "CallEnded",
    "CallStep",
    "Egress",
    "EgressSettings",
    "Rule",
    "Target",
    "read_url",
    "spellings",
]
