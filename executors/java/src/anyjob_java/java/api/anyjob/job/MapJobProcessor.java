package anyjob.job;

import java.util.List;

/** Code whose root task makes further tasks, for execute modes parallel, grid and batch. */
public abstract class MapJobProcessor extends JavaProcessor {
    /**
     * One task for each object. Text, numbers, booleans, and lists and maps of them go as JSON; anything else must be
     * {@link java.io.Serializable}.
     *
     * @return whether they were taken; its text says why not
     */
    public ProcessResult map(List<? extends Object> tasks, String taskName) {
        try {
            return new ProcessResult(true, Bridge.map(this, tasks, taskName));
        } catch (Exception refused) {
            return new ProcessResult(false, String.valueOf(refused.getMessage()));
        }
    }

    /** Whether this is the first task of the instance, which nothing has made. */
    protected boolean isRootTask(JobContext context) {
        return JobContext.ROOT_TASK.equals(context.getTaskName());
    }
}
