package anyjob.job;

/** How a run went, with a text for people. */
public class ProcessResult {
    private InstanceStatus status;
    private String result;

    public ProcessResult() {
        // to be filled
    }

    public ProcessResult(InstanceStatus status) {
        this(status, null);
    }

    public ProcessResult(boolean success) {
        this(success, null);
    }

    public ProcessResult(boolean success, String result) {
        this(success ? InstanceStatus.SUCCESS : InstanceStatus.FAILED, result);
    }

    public ProcessResult(InstanceStatus status, String result) {
        this.status = status;
        this.result = result;
    }

    public InstanceStatus getStatus() {
        return status;
    }

    public void setStatus(InstanceStatus status) {
        this.status = status;
    }

    public void setStatus(boolean success) {
        this.status = success ? InstanceStatus.SUCCESS : InstanceStatus.FAILED;
    }

    public String getResult() {
        return result;
    }

    public void setResult(String result) {
        this.result = result;
    }

    @Override
    public String toString() {
        return status + (result == null ? "" : " " + result);
    }
}
