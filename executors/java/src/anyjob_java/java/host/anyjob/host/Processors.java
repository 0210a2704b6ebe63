package anyjob.host;

import anyjob.app.Call;
import anyjob.app.Json;
import anyjob.app.Outcome;
import anyjob.app.Serves;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Runs classes of one class path: SchedulerX's processors, and ours. */
final class Processors implements Serves {
    private static final int STRICT_RESULT = 1000; // bytes, as SchedulerX
    private static final int STRICT_TASK = 65536;
    private static final List<String> MAPS = Arrays.asList("parallel", "grid", "batch");

    private final ClassLoader loader;
    private final Contexts contexts;
    private final TaskObject objects;
    /** Whose the objects are, for code that maps from a pool that is older than its run. */
    private final Map<Object, Call> runs = Collections.synchronizedMap(new IdentityHashMap<Object, Call>());

    Processors(ClassLoader loader) {
        this.loader = loader;
        this.contexts = new Contexts(loader);
        this.objects = new TaskObject(loader);
    }

    /** For the bridge: the tasks of one call of {@code map}. */
    Function<Object[], String> mapper() {
        return new Function<Object[], String>() {
            @Override
            public String apply(Object[] asked) {
                return map(asked[0], (List<?>) asked[1], (String) asked[2]);
            }
        };
    }

    @Override
    public void check(Call call) {
        Thread.currentThread().setContextClassLoader(loader); // what a class lacks is a matter of the machine: `run` says it
    }

    @Override
    public Outcome run(Call call) throws Throwable {
        Object object;
        Dialect dialect;
        String name = className(call);
        try {
            Class<?> type = Class.forName(name, false, loader);
            dialect = Dialect.of(type, loader);
            Outcome wrong = NotMade.unfit(name, type, dialect);
            if (wrong != null) {
                return wrong;
            }
            Constructor<?> maker = type.getDeclaredConstructor();
            maker.setAccessible(true);
            object = maker.newInstance();
        } catch (ReflectiveOperationException | LinkageError error) {
            return NotMade.outcome(name, error);
        }
        TaskResults results = after(call) ? TaskResults.of(call) : null;
        Object context;
        try {
            context = contexts.make(dialect, call, ContextValues.of(call, objects, results));
        } catch (ClassNotFoundException | NoClassDefFoundError absent) {
            return NotMade.lacking(name, absent);
        }
        Processor processor = new Processor(dialect, object, context, loader);
        call.keep(processor);
        runs.put(object, call);
        contexts.publish(dialect, context);
        try {
            return called(call, processor, results, name);
        } finally {
            contexts.retract(dialect);
            runs.remove(object);
        }
    }

    @Override
    public boolean stop(Call call) throws Throwable {
        Object kept = call.kept();
        if (!(kept instanceof Processor) || !((Processor) kept).killable()) {
            return false;
        }
        Processor processor = (Processor) kept;
        Thread.currentThread().setContextClassLoader(loader);
        contexts.publish(processor.dialect, processor.context);
        processor.call("JobProcessorEx", "kill");
        return true;
    }

    // ------------------------------------------------------------------ within

    /** A class that maps, in a mode that takes no tasks, does its work as a plain one: then nobody may think that it mapped. */
    private static Outcome called(Call call, Processor processor, TaskResults results, String name) throws Throwable {
        int most = strict(call) ? STRICT_RESULT : 0;
        if (maps(call) || !processor.is("MapJobProcessor")) {
            return Phases.run(processor, call.text("phase"), results, most);
        }
        String text = name + " maps tasks, and ExecuteMode " + call.text("execute_mode")
                + " takes none: it was called as a plain job (isRootTask is false)";
        call.log("[anyjob] " + text);
        Outcome outcome;
        try {
            outcome = Phases.run(processor, call.text("phase"), results, most);
        } catch (Exception thrown) {
            call.log(Outcome.stack(thrown));
            outcome = Outcome.thrown(thrown);
        }
        return outcome.withEvidence("ExecuteMode", text);
    }

    /** Whether the run's mode takes tasks; without one, nobody knows better. */
    private static boolean maps(Call call) {
        String mode = call.text("execute_mode");
        return mode.isEmpty() || MAPS.contains(mode);
    }

    private static String className(Call call) {
        return String.valueOf(call.spec().get("className"));
    }

    private static boolean strict(Call call) {
        return Boolean.TRUE.equals(call.spec().get("strict"));
    }

    private static boolean after(Call call) {
        String phase = call.text("phase");
        return "POST".equals(phase) || "REDUCE".equals(phase);
    }

    private String map(Object processor, List<?> tasks, String name) {
        // A thread of a pool may belong to an earlier run; the object is this run's alone.
        Call own = runs.get(processor);
        Call call = own == null ? Call.current() : own;
        if (call == null) {
            throw new IllegalStateException("map() was called outside of a run");
        }
        if (!maps(call)) {
            throw new IllegalStateException("nothing was mapped: ExecuteMode " + call.text("execute_mode") + " takes no tasks");
        }
        if (tasks == null || tasks.isEmpty()) {
            throw new IllegalStateException("task list is empty");
        }
        if (name == null || name.isEmpty()) {
            throw new IllegalStateException("the tasks have no name; give them one");
        }
        List<Object> items = new ArrayList<Object>(tasks.size());
        for (Object task : tasks) {
            Object item = objects.toJson(task);
            if (strict(call)) {
                int bytes = Json.write(item).getBytes(StandardCharsets.UTF_8).length;
                if (bytes > STRICT_TASK) {
                    throw new IllegalStateException("task " + items.size() + " has " + bytes + " bytes, and "
                            + STRICT_TASK + " are allowed where XAttrs.strict is true");
                }
            }
            items.add(item);
        }
        try {
            // The same calls in the same order have the same keys, so that a repeated attempt maps nothing twice.
            call.map(items, name, "map-" + counted(call));
        } catch (IOException | IllegalArgumentException refused) {
            throw new IllegalStateException(refused.getMessage(), refused);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the tasks were handed over", stopped);
        }
        return items.size() + " tasks named " + name;
    }

    private static long counted(Call call) {
        Object kept = call.kept();
        return kept instanceof Processor ? ((Processor) kept).maps.incrementAndGet() : 0;
    }
}
