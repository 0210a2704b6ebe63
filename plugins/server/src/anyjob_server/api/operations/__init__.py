"""The operations: one a module.

Source: SchedulerX API, SDK, the request and the reply of each operation.
"""
