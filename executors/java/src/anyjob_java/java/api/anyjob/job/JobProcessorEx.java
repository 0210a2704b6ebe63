package anyjob.job;

/** Code that also has a part before and after the tasks of a broadcast, and can be asked to stop. */
public interface JobProcessorEx extends JobProcessor {
    /** Once an instance, before its tasks. What is thrown fails the instance. */
    void preProcess(JobContext context) throws Exception;

    /**
     * Once an instance, after all its tasks; the context has their results.
     *
     * @return takes the place of the instance's result; null leaves it
     */
    ProcessResult postProcess(JobContext context) throws Exception;

    /**
     * The run is to stop: let {@link #process} return. Called on the same object, with the same context, in another thread.
     * Code that goes on is interrupted, and then ended.
     */
    void kill(JobContext context) throws Exception;
}
