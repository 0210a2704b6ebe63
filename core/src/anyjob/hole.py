"""Holes in files, for launchers that read a file into a run's log and free what they have read.

Source: Linux man-pages, fallocate(2), FALLOC_FL_PUNCH_HOLE.
"""

# It stays with the shim, which may import nothing outside its own package.
from anyjob.worker.shim.kernel import punch as punch_hole

__all__ = ["punch_hole"]
