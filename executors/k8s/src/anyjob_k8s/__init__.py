"""Jobs on Kubernetes: JobType `k8s`, and the launcher `k8s`, which runs commands in pods."""
