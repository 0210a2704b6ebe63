package anyjob.host;

import anyjob.app.Call;
import anyjob.app.Json;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a context says of a run: the getters' names without {@code get}, with values of the JDK. Getters that have no meaning
 * here (addresses of actors, numbers of a workflow or of an app group) have none.
 */
final class ContextValues {
    static final String SCHEDULE_TIME = "ScheduleTime";
    static final String DATA_TIME = "DataTime";
    static final String UPSTREAM = "UpstreamData";
    static final String RESULTS = "TaskResults";
    static final String STATUSES = "TaskStatuses";

    /** As SchedulerX names the task of a reduce. */
    private static final String REDUCE_TASK = "REDUCE_TASK";

    private ContextValues() {}

    static Map<String, Object> of(Call call, TaskObject objects, TaskResults results) {
        Map<String, Object> values = new LinkedHashMap<String, Object>();
        Map<String, Object> facts = call.facts();
        boolean reduces = "REDUCE".equals(call.text("phase"));
        values.put("JobId", call.number("job_id", 0));
        values.put("JobInstanceId", call.number("instance", 0));
        values.put("TaskId", call.number("task", 0));
        values.put("JobName", call.text("job"));
        values.put("JobType", call.text("job_type"));
        values.put("ExecuteMode", call.text("execute_mode"));
        values.put("Namespace", call.text("namespace"));
        values.put("GroupId", call.text("group"));
        values.put("Content", call.text("content"));
        values.put("JobParameters", call.text("parameters"));
        values.put("InstanceParameters", call.text("instance_parameters"));
        values.put("TimeType", call.number("time_type", -1));
        values.put("TimeExpression", call.text("time_expression"));
        values.put("TriggerType", call.number("trigger", 0));
        values.put("MaxAttempt", call.number("max_attempt", 0));
        values.put("Attempt", call.number("attempt", 0));
        values.put("TaskMaxAttempt", call.number("task_max_attempt", 0));
        values.put("TaskAttempt", call.number("attempt", 0));
        values.put("TaskAttemptInterval", call.number("task_attempt_interval", 0));
        values.put("TaskName", reduces ? REDUCE_TASK : call.text("task_name"));
        values.put("Task", objects.fromJson(facts.get("payload")));
        values.put("TraceId", call.run());
        values.put("Phase", call.text("phase"));
        values.put("Key", call.text("key"));
        values.put(SCHEDULE_TIME, call.number("schedule_time", 0));
        values.put(DATA_TIME, call.number("data_time", 0));
        values.put(UPSTREAM, upstream(facts.get("upstream")));
        if (facts.get("shard") instanceof Map) {
            Map<?, ?> shard = (Map<?, ?>) facts.get("shard");
            values.put("ShardingId", shard.get("id"));
            values.put("ShardingParameter", shard.get("parameter"));
            values.put("ShardingNum", shard.get("total"));
        }
        for (String name : new String[] {"XAttrs", "Template", "User", "WorkerAddr"}) {
            Object value = call.spec().get(name);
            if (value != null) {
                values.put(name, value);
            }
        }
        if (values.containsKey("WorkerAddr")) {
            values.put("AllWorkerAddrs", Collections.singletonList(values.get("WorkerAddr")));
        }
        if (results != null) {
            values.put(RESULTS, results.texts());
            values.put(STATUSES, results.statuses());
        }
        return values;
    }

    /** Pairs of a job's name and its result. */
    private static List<String[]> upstream(Object said) {
        List<String[]> pairs = new ArrayList<String[]>();
        if (said instanceof List) {
            for (Object item : (List<?>) said) {
                if (item instanceof Map && ((Map<?, ?>) item).containsKey("data")) {
                    Map<?, ?> pair = (Map<?, ?>) item;
                    pairs.add(new String[] {text(pair.get("job")), text(pair.get("data"))});
                } else {
                    pairs.add(new String[] {"", text(item)});
                }
            }
        }
        return pairs;
    }

    private static String text(Object value) {
        return value == null ? "" : value instanceof String ? (String) value : Json.write(value);
    }
}
