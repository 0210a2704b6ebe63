package demo;

/** As SchedulerX's is shaped. */
public class ProcessResult {
    public enum InstanceStatus { SUCCESS, FAILED, RUNNING }

    private final InstanceStatus status;
    private final String result;

    public ProcessResult(InstanceStatus status, String result) {
        this.status = status;
        this.result = result;
    }

    public InstanceStatus getStatus() {
        return status;
    }

    public String getResult() {
        return result;
    }
}
