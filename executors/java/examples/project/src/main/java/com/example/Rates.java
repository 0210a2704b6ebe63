package com.example;

import anyjob.job.JavaProcessor;
import anyjob.job.JobContext;
import anyjob.job.ProcessResult;

/** Fetches the rates that its parameters name, and can be stopped between two of them. */
public class Rates extends JavaProcessor {
    private volatile boolean stopped;

    @Override
    public ProcessResult process(JobContext context) throws Exception {
        String[] names = context.getJobParameters().split(",");
        for (int done = 0; done < names.length && !stopped; done++) {
            System.out.println(names[done] + " " + rate(names[done]));
            context.progress(done + 1, names.length);
        }
        context.output("rates", names.length);
        return stopped ? new ProcessResult(false, "stopped") : new ProcessResult(true, names.length + " rates");
    }

    @Override
    public void kill(JobContext context) {
        stopped = true;
    }

    private static double rate(String name) {
        return name.hashCode() % 1000 / 100.0;
    }
}
