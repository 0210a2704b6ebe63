"""The conformance suite: with it anybody proves an executor of their own.

For plugin authors: `contract` (ExecutorContract), `suite` (what a subclass may set), and `anyjob.samples`, which needs
no pytest. Within: `cases` (the rules), `rig` (host, worker and state folder of a case), `promise` (which samples a type
owes), `marks` and `crash` (killing a worker at an exact moment), `processes` (an independent look at the machine).
"""

from anyjob.samples import BadSample, Sample, Samples
from anyjob.testing.contract import ExecutorContract
from anyjob.testing.fault import Fault
from anyjob.testing.rig import Rig

__all__ = ["BadSample", "ExecutorContract", "Fault", "Rig", "Sample", "Samples"]
