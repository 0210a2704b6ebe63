package anyjob.host;

import anyjob.app.Call;
import anyjob.app.Json;
import anyjob.app.Outcome;
import anyjob.app.Refused;
import anyjob.app.Serves;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Runs classes of one class path: SchedulerX's processors, and ours. */
final class Processors implements Serves {
    private static final int STRICT_RESULT = 1000; // bytes, as SchedulerX
    private static final int STRICT_TASK = 65536;

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
    public void check(Call call) throws Refused {
        Thread.currentThread().setContextClassLoader(loader);
        String name = className(call);
        Class<?> type;
        try {
            type = Class.forName(name, false, loader);
        } catch (ClassNotFoundException | LinkageError absent) {
            return; // a matter of the machine, not of the job: `run` says it
        }
        if (Dialect.of(type, loader) == null) {
            throw new Refused("ClassName", name,
                    "is no processor: it neither implements anyjob.job.JobProcessor nor extends SchedulerX's JavaProcessor;"
                            + " write the name of a class that does");
        }
        if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
            throw new Refused("ClassName", name, "is abstract, so no object can be made of it; write a class that is not");
        }
    }

    @Override
    public Outcome run(Call call) throws Throwable {
        Object object;
        Dialect dialect;
        String name = className(call);
        try {
            Class<?> type = Class.forName(name, true, loader);
            dialect = Dialect.of(type, loader);
            Constructor<?> maker = type.getDeclaredConstructor();
            maker.setAccessible(true);
            object = maker.newInstance();
        } catch (ReflectiveOperationException | LinkageError error) {
            return NotMade.outcome(name, error);
        }
        TaskResults results = after(call) ? TaskResults.of(call) : null;
        Object context = contexts.make(dialect, call, ContextValues.of(call, objects, results));
        Processor processor = new Processor(dialect, object, context, loader);
        call.keep(processor);
        runs.put(object, call);
        contexts.publish(dialect, context);
        try {
            return Phases.run(processor, call.text("phase"), results, strict(call) ? STRICT_RESULT : 0);
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
