"""The worker runtime: supervises runs between an executor's verbs.

For hosts that embed it: `worker` (Worker, LiveRun), `order` (RunOrder), `instance` (Instances: tasks, attempts,
folded results). For internal work: `states` (the state machine), `journal`, `supervisor`, `ladder`, `face`, `log`,
`secrets`, `identity`. Internal implementations: `local` (the launcher of this node), `shim` (the process that owns
its children).
"""
