package anyjob.samples;

import anyjob.job.JavaProcessor;
import anyjob.job.JobContext;
import anyjob.job.ProcessResult;

/** The smallest job: it greets whom its parameters name. */
public class Hello extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) {
        String who = context.getJobParameters().isEmpty() ? "world" : context.getJobParameters();
        System.out.println("hello " + who);
        return new ProcessResult(true, "hello " + who);
    }
}
