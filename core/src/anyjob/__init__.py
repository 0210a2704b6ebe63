"""anyjob: jobs of any type, run by plugins.

For plugin authors: `anyjob.executor` (the contract), `anyjob.spec`, `anyjob.outcome`, `anyjob.plugins` (hooks),
`anyjob.samples` and `anyjob.testing` (the suite).
For hosts: `anyjob.plugins` (PluginHost), `anyjob.worker` (the runtime), `anyjob.job`.
"""

from anyjob.version import VERSION

__version__ = VERSION
__all__ = ["__version__"]
