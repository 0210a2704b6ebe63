"""Runs single programs, with no shell in between, as anyjob jobs. The entry point is `plugin`."""
