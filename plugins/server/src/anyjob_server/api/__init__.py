"""The API that SchedulerX's SDKs speak: the wire, its operations, and how they are served."""
