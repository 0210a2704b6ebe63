"""Runs go jobs. The entry point is `plugin`; nothing here is imported for it."""
