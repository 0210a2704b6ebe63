"""Runs shell scripts as anyjob jobs. The entry point is `plugin`; nothing here is imported for it."""
