"""The API that SchedulerX's SDKs speak: the wire, its operations, and how they are served.

Source: SchedulerX API, SDK, the wire of all operations.
"""
