"""The server of anyjob: API, store, scheduler."""
