package anyjob.job;

/** What a job that ran before this one, in a workflow, had as its result. */
public class JobInstanceData {
    private final String jobName;
    private final String data;

    public JobInstanceData(String jobName, String data) {
        this.jobName = jobName;
        this.data = data;
    }

    public String getJobName() {
        return jobName;
    }

    public String getData() {
        return data;
    }

    @Override
    public String toString() {
        return jobName + "=" + data;
    }
}
