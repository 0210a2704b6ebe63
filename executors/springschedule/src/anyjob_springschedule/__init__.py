"""Calls @Scheduled methods of Spring applications."""
