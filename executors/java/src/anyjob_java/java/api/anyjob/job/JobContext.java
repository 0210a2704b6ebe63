package anyjob.job;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * What a run is, and what it may say. Getters of SchedulerX's context that have no meaning here are not there.
 *
 * <p>{@link #progress}, {@link #secret}, {@link #output} and {@link #isStopping} are anyjob's own. All may be called from any
 * thread.
 */
public final class JobContext {
    /** Name of the first task of an instance that maps. */
    public static final String ROOT_TASK = "MAP_TASK_ROOT";
    /** Name of the task that reduces. */
    public static final String REDUCE_TASK = "REDUCE_TASK";

    private final Map<String, Object> facts;
    private final Map<String, Object> outputs = Collections.synchronizedMap(new LinkedHashMap<String, Object>());

    /** Called by the host. For tests of a job: the getters' names without {@code get}, with their values. */
    public JobContext(Map<String, ?> facts) {
        this.facts = new LinkedHashMap<String, Object>(facts);
    }

    public long getJobId() {
        return number("JobId");
    }

    public long getJobInstanceId() {
        return number("JobInstanceId");
    }

    public long getTaskId() {
        return number("TaskId");
    }

    /** {@code jobId_instanceId_taskId}. */
    public String getUniqueId() {
        return getJobId() + "_" + getJobInstanceId() + "_" + getTaskId();
    }

    public String getJobName() {
        return text("JobName");
    }

    public String getJobType() {
        return text("JobType");
    }

    /** standalone, broadcast, sharding, parallel, grid or batch. */
    public String getExecuteMode() {
        return text("ExecuteMode");
    }

    public String getNamespace() {
        return text("Namespace");
    }

    /** The app group. */
    public String getGroupId() {
        return text("GroupId");
    }

    public String getContent() {
        return text("Content");
    }

    /** The job's XAttrs as JSON. */
    public String getXAttrs() {
        return text("XAttrs");
    }

    /** The job's own parameters. */
    public String getJobParameters() {
        return text("JobParameters");
    }

    /** What whoever fired this instance gave it; empty where they gave nothing. */
    public String getInstanceParameters() {
        return text("InstanceParameters");
    }

    /** When it was to be fired. */
    public Instant getScheduleTime() {
        return (Instant) facts.get("ScheduleTime");
    }

    /** The time whose data it works on. */
    public Instant getDataTime() {
        return (Instant) facts.get("DataTime");
    }

    /** The API's number of the time type: 1 cron, 3 fixed rate, 4 second delay, 5 one time, 100 api. */
    public int getTimeType() {
        return (int) number("TimeType");
    }

    public String getTimeExpression() {
        return text("TimeExpression");
    }

    /** The API's number of what fired it. */
    public int getTriggerType() {
        return (int) number("TriggerType");
    }

    /** 0 for the first. */
    public int getAttempt() {
        return (int) number("Attempt");
    }

    public int getMaxAttempt() {
        return (int) number("MaxAttempt");
    }

    public int getTaskAttempt() {
        return (int) number("TaskAttempt");
    }

    public int getTaskMaxAttempt() {
        return (int) number("TaskMaxAttempt");
    }

    /** Seconds. */
    public int getTaskAttemptInterval() {
        return (int) number("TaskAttemptInterval");
    }

    /** Null outside of sharding and broadcast. */
    public Long getShardingId() {
        return (Long) facts.get("ShardingId");
    }

    public String getShardingParameter() {
        return text("ShardingParameter");
    }

    public int getShardingNum() {
        return (int) number("ShardingNum");
    }

    /** What {@code map} was told. */
    public String getTaskName() {
        return text("TaskName");
    }

    /** What {@code map} put into this task; null for others. */
    public Object getTask() {
        return facts.get("Task");
    }

    /** Results of all tasks by their ids, in postProcess and reduce. */
    @SuppressWarnings("unchecked")
    public Map<Long, String> getTaskResults() {
        return (Map<Long, String>) facts.get("TaskResults");
    }

    /** How all tasks ended, by their ids, in postProcess and reduce. */
    @SuppressWarnings("unchecked")
    public Map<Long, TaskStatus> getTaskStatuses() {
        return (Map<Long, TaskStatus>) facts.get("TaskStatuses");
    }

    @SuppressWarnings("unchecked")
    public List<JobInstanceData> getUpstreamData() {
        return (List<JobInstanceData>) facts.get("UpstreamData");
    }

    /** The node on which it runs. */
    public String getWorkerAddr() {
        return text("WorkerAddr");
    }

    /** Unique name of this start. */
    public String getTraceId() {
        return text("TraceId");
    }

    /** Which part of its instance the run does: PROCESS, PRE, POST or REDUCE. */
    public String getPhase() {
        return text("Phase");
    }

    /** The same for every start of this attempt: an idempotency key. */
    public String getKey() {
        return text("Key");
    }

    /** As whom it runs, where the job says so. */
    public String getUser() {
        return text("User");
    }

    // ------------------------------------------------------------------ what SchedulerX has not

    /** How far the run is; shown while it goes on. */
    @SuppressWarnings("unchecked")
    public void progress(long done, long total) {
        BiConsumer<Long, Long> say = (BiConsumer<Long, Long>) facts.get("progress");
        if (say != null) {
            say.accept(done, total);
        }
    }

    /** A secret that the job names under XAttrs.secrets; null for any other name. */
    @SuppressWarnings("unchecked")
    public String secret(String name) {
        Function<String, String> ask = (Function<String, String>) facts.get("secret");
        return ask == null ? null : ask.apply(name);
    }

    /** Whether a stop was asked for: for loops that look. */
    public boolean isStopping() {
        BooleanSupplier ask = (BooleanSupplier) facts.get("stopping");
        return ask != null && ask.getAsBoolean();
    }

    /** A structured output of the run: text, number, boolean, null, or lists and maps of them. */
    public void output(String name, Object value) {
        outputs.put(name, value);
    }

    /** What was given to {@link #output}. */
    public Map<String, Object> outputs() {
        synchronized (outputs) {
            return new LinkedHashMap<String, Object>(outputs);
        }
    }

    private String text(String name) {
        return (String) facts.get(name);
    }

    private long number(String name) {
        Object value = facts.get(name);
        return value instanceof Number ? ((Number) value).longValue() : 0;
    }
}
