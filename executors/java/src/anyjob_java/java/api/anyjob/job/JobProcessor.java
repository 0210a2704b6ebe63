package anyjob.job;

/**
 * The code of a job. A new object is made for each run, by the constructor without arguments.
 *
 * <p>The types of this package have the names and methods of SchedulerX's, so that a class moves by its imports alone.
 */
public interface JobProcessor {
    /**
     * Do the job.
     *
     * @return how it went; null is a failure, and so is whatever is thrown
     */
    ProcessResult process(JobContext context) throws Exception;
}
