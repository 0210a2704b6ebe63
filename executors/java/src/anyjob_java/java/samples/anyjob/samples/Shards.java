package anyjob.samples;

import anyjob.job.JavaProcessor;
import anyjob.job.JobContext;
import anyjob.job.ProcessResult;

/** One part of a sharding job. */
public class Shards extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) {
        String part = context.getShardingParameter();
        System.out.println("part " + context.getShardingId() + " of " + context.getShardingNum() + ": " + part);
        context.output("part", part);
        return new ProcessResult(true, "did " + part);
    }
}
