package com.alibaba.schedulerx.worker.processor;

import anyjob.job.Bridge;
import com.alibaba.schedulerx.worker.domain.JobContext;
import java.util.List;

/**
 * Stands before the class of this name in SchedulerX's worker jar, whose {@code map} needs that worker's own actor system, and
 * hands the tasks to anyjob. Written from the public signatures.
 */
public abstract class MapJobProcessor extends JavaProcessor {
    public MapJobProcessor() {
    }

    public ProcessResult map(List<? extends Object> tasks, String taskName) {
        try {
            return new ProcessResult(true, Bridge.map(this, tasks, taskName));
        } catch (Exception refused) {
            return new ProcessResult(false, String.valueOf(refused.getMessage()));
        }
    }

    protected boolean isRootTask(JobContext context) {
        return "MAP_TASK_ROOT".equals(context.getTaskName());
    }
}
