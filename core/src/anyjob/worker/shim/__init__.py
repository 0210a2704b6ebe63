"""The shim: the process beside a worker that owns its child processes, and the keeper above it.

Runs in processes of its own, without site packages, so only the standard library and this package may be imported here.
"""
