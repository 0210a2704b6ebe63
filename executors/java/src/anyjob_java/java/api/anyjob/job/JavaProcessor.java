package anyjob.job;

/** What most classes extend: every method is there and does nothing. */
public abstract class JavaProcessor implements JobProcessorEx {
    @Override
    public void preProcess(JobContext context) throws Exception {
        // nothing before
    }

    @Override
    public ProcessResult process(JobContext context) throws Exception {
        return null;
    }

    @Override
    public ProcessResult postProcess(JobContext context) throws Exception {
        return null;
    }

    @Override
    public void kill(JobContext context) throws Exception {
        // nothing to ask: the run's thread is interrupted at once
    }
}
