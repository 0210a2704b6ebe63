package anyjob.job;

/** Code that maps, and whose last part sees the results of all tasks. */
public abstract class MapReduceJobProcessor extends MapJobProcessor {
    /**
     * Once an instance, after all its tasks: {@link JobContext#getTaskResults} and {@link JobContext#getTaskStatuses}.
     *
     * @return takes the place of the instance's result
     */
    public abstract ProcessResult reduce(JobContext context) throws Exception;

    /** Whether {@link #reduce} is called although a task has failed. */
    public boolean runReduceIfFail(JobContext context) {
        return true;
    }
}
