package demo;

IMPORTS
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Maps objects of many types, says of which type each comes back, and reduces. */
public class Mapper extends MapReduceJobProcessor {
    private static final ExecutorService OLDER = Executors.newSingleThreadExecutor();

    static {
        try {
            OLDER.submit(new Callable<Object>() {
                @Override
                public Object call() {
                    return null;
                }
            }).get();
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A task as users write them. */
    public static class Page implements java.io.Serializable {
        private final int from;
        private final int to;

        public Page(int from, int to) {
            this.from = from;
            this.to = to;
        }

        @Override
        public String toString() {
            return from + "-" + to;
        }
    }

    /** One that cannot be handed on. */
    public static class Bare {
    }

    @Override
    public ProcessResult process(final JobContext context) throws Exception {
        String what = context.getJobParameters();
        if ("anyhow".equals(what)) {
            return map(Arrays.asList("a", "b"), "anyhow");
        }
        if ("quiet".equals(what)) {
            return new ProcessResult(true, "nothing mapped");
        }
        if (!isRootTask(context)) {
            Object task = context.getTask();
            return new ProcessResult(true, task.getClass().getName() + " " + task);
        }
        if ("none".equals(what)) {
            return map(new ArrayList<Object>(), "none");
        }
        if ("bare".equals(what)) {
            return map(Arrays.asList(new Page(0, 9), new Bare()), "bare");
        }
        if ("huge".equals(what)) {
            char[] huge = new char[70000];
            Arrays.fill(huge, 'x');
            return map(Collections.singletonList(new String(huge)), "huge");
        }
        if ("pool".equals(what)) {
            return OLDER.submit(new Callable<ProcessResult>() {
                @Override
                public ProcessResult call() {
                    return map(Arrays.asList("from", "a pool"), "pool");
                }
            }).get();
        }
        List<Object> tasks = new ArrayList<Object>();
        tasks.add("text");
        tasks.add(7);
        tasks.add(7L);
        tasks.add(2.5);
        tasks.add(2.0);
        tasks.add(true);
        tasks.add(new BigDecimal("1.10"));
        tasks.add(Arrays.asList(1, 2L));
        Map<String, Object> fields = new java.util.LinkedHashMap<String, Object>();
        fields.put("id", 5L);
        fields.put("@java", "not ours");
        tasks.add(fields);
        tasks.add(new Page(0, 9));
        ProcessResult first = map(tasks, "things");
        map(Collections.singletonList("more"), "things");
        return first;
    }

    @Override
    public ProcessResult reduce(JobContext context) {
        return new ProcessResult(true, "reduced " + new TreeMap<Long, String>(context.getTaskResults()) + " "
                + new TreeMap<Long, Object>(context.getTaskStatuses()) + " " + context.getTaskName());
    }

    @Override
    public boolean runReduceIfFail(JobContext context) {
        return "anyway".equals(context.getJobParameters());
    }
}
