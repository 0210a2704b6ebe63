"""The egress policy: which hosts and addresses this process may call, and the connection that keeps to it.

For every URL that a job, a registry or a webhook names. `transport` (for requests) needs the extra `anyjob[egress]`.
"""

from anyjob.egress.call import Call, CallEnded, CallStep
from anyjob.egress.egress import Egress
from anyjob.egress.settings import EgressSettings
from anyjob.egress.url import Target, read_url

__all__ = [
    "Call",
    "CallEnded",
    "CallStep",
    "Egress",
    "EgressSettings",
    "Target",
    "read_url",
]
