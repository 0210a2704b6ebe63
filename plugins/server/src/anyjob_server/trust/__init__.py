"""Who may do what: policies of access keys, the audit log, and the users that jobs run as."""
