package anyjob.job;

/** How a run went. */
public enum InstanceStatus {
    SUCCESS,
    FAILED
}
