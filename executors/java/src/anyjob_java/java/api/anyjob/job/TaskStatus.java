package anyjob.job;

/** Where a task of an instance stands. */
public enum TaskStatus {
    UNKNOWN,
    INIT,
    PULLED,
    RUNNING,
    SUCCESS,
    FAILED
}
