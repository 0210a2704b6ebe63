package anyjob.host;

import anyjob.app.Call;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Makes the context object of a run, in the dialect of its class. */
final class Contexts {
    private final ClassLoader loader;
    /** SchedulerX's builder needs Spring on the class path: once it has failed, every time. */
    private volatile boolean withoutBuilder;

    Contexts(ClassLoader loader) {
        this.loader = loader;
    }

    Object make(Dialect dialect, final Call call, Map<String, Object> values) throws ReflectiveOperationException {
        Map<String, Object> said = new LinkedHashMap<String, Object>(values);
        for (String time : new String[] {ContextValues.SCHEDULE_TIME, ContextValues.DATA_TIME}) {
            said.put(time, time(dialect, (Long) said.get(time)));
        }
        said.put(ContextValues.UPSTREAM, upstream(dialect, (List<?>) said.get(ContextValues.UPSTREAM)));
        if (said.get(ContextValues.STATUSES) != null) {
            said.put(ContextValues.STATUSES, statuses(dialect, (Map<?, ?>) said.get(ContextValues.STATUSES)));
        }
        return dialect == Dialect.ANYJOB ? ours(call, said) : theirs(said);
    }

    /** Where SchedulerX's own code looks for the context of its thread. Nothing depends on it. */
    void publish(Dialect dialect, Object context) {
        if (dialect == Dialect.SCHEDULERX) {
            try {
                Object pool = pool();
                pool.getClass().getMethod("setContext", context.getClass()).invoke(pool, context);
            } catch (Throwable partly) { // it is kept before what throws: without Spring, without a worker of theirs
                return;
            }
        }
    }

    /** The thread of a run may serve another one. */
    void retract(Dialect dialect) {
        if (dialect == Dialect.SCHEDULERX) {
            try {
                Object pool = pool();
                pool.getClass().getMethod("removeContext").invoke(pool);
            } catch (Throwable absent) {
                return;
            }
        }
    }

    // ------------------------------------------------------------------ within

    private Object pool() throws ReflectiveOperationException {
        Class<?> factory = Class.forName("com.alibaba.schedulerx.worker.container.ContainerFactory", true, loader);
        return factory.getMethod("getContainerPool").invoke(null);
    }

    private Object time(Dialect dialect, long millis) throws ReflectiveOperationException {
        if (dialect == Dialect.ANYJOB) {
            return Instant.ofEpochMilli(millis);
        }
        return Class.forName("org.joda.time.DateTime", true, loader).getConstructor(long.class).newInstance(millis);
    }

    private List<Object> upstream(Dialect dialect, List<?> pairs) throws ReflectiveOperationException {
        List<Object> made = new ArrayList<Object>();
        if (!pairs.isEmpty()) {
            Constructor<?> maker = dialect.value("JobInstanceData", loader).getConstructor(String.class, String.class);
            for (Object pair : pairs) {
                made.add(maker.newInstance((Object[]) pair));
            }
        }
        return made;
    }

    /** By name: the order of the constants may differ in another version. */
    private Map<Long, Object> statuses(Dialect dialect, Map<?, ?> names) throws ReflectiveOperationException {
        Map<Long, Object> made = new LinkedHashMap<Long, Object>();
        Object[] known = dialect.value("TaskStatus", loader).getEnumConstants();
        for (Map.Entry<?, ?> entry : names.entrySet()) {
            Object found = null;
            for (Object status : known) {
                String name = ((Enum<?>) status).name();
                found = name.equals(entry.getValue()) || found == null && "UNKNOWN".equals(name) ? status : found;
            }
            made.put((Long) entry.getKey(), found);
        }
        return made;
    }

    private Object ours(final Call call, Map<String, Object> values) throws ReflectiveOperationException {
        values.put("progress", new BiConsumer<Long, Long>() {
            @Override
            public void accept(Long done, Long total) {
                call.progress(done, total);
            }
        });
        values.put("secret", new Function<String, String>() {
            @Override
            public String apply(String name) {
                return call.secret(name);
            }
        });
        values.put("stopping", new BooleanSupplier() {
            @Override
            public boolean getAsBoolean() {
                return call.stopping();
            }
        });
        return Dialect.ANYJOB.context(loader).getConstructor(Map.class).newInstance(values);
    }

    private Object theirs(Map<String, Object> values) throws ReflectiveOperationException {
        Class<?> type = Dialect.SCHEDULERX.context(loader);
        Map<String, Object> rest = new LinkedHashMap<String, Object>(values);
        Object context = null;
        if (!withoutBuilder) {
            try {
                context = built(type, rest);
            } catch (ReflectiveOperationException | LinkageError absent) {
                withoutBuilder = true;
                rest = new LinkedHashMap<String, Object>(values);
            }
        }
        if (context == null) {
            context = filled(type, rest);
        }
        for (Map.Entry<String, Object> left : rest.entrySet()) {
            Method setter = setter(type, "set" + left.getKey());
            if (setter != null && left.getValue() != null) {
                setter.invoke(context, fit(setter.getParameterTypes()[0], left.getValue()));
            }
        }
        return context;
    }

    /** By the public builder; takes out of {@code values} what it knows. */
    private static Object built(Class<?> type, Map<String, Object> values) throws ReflectiveOperationException {
        Object builder = type.getMethod("newBuilder").invoke(null);
        List<String> done = new ArrayList<String>();
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            String name = "WorkerAddr".equals(entry.getKey()) ? "WorkerAddrs" : entry.getKey(); // so it is called there
            Method setter = setter(builder.getClass(), "set" + name);
            if (setter != null) {
                if (entry.getValue() != null) {
                    setter.invoke(builder, fit(setter.getParameterTypes()[0], entry.getValue()));
                }
                done.add(entry.getKey());
            }
        }
        Object made = builder.getClass().getMethod("build").invoke(builder);
        values.keySet().removeAll(done);
        return made;
    }

    /** By the private fields, which have the getters' names: needs nothing of SchedulerX's own runtime. */
    private static Object filled(Class<?> type, Map<String, Object> values) throws ReflectiveOperationException {
        Constructor<?> maker = type.getDeclaredConstructor();
        maker.setAccessible(true);
        Object context = maker.newInstance();
        List<String> done = new ArrayList<String>();
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            String name = Character.toLowerCase(entry.getKey().charAt(0)) + entry.getKey().substring(1);
            try {
                Field field = type.getDeclaredField(name);
                field.setAccessible(true);
                if (entry.getValue() != null) {
                    field.set(context, fit(field.getType(), entry.getValue()));
                }
                done.add(entry.getKey());
            } catch (NoSuchFieldException absent) {
                continue; // another version's; perhaps there is a setter
            }
        }
        values.keySet().removeAll(done);
        return context;
    }

    private static Method setter(Class<?> type, String name) {
        for (Method method : type.getMethods()) {
            if (method.getName().equals(name) && method.getParameterTypes().length == 1) {
                return method;
            }
        }
        return null;
    }

    private static Object fit(Class<?> type, Object value) {
        if (value instanceof Number && (type == int.class || type == Integer.class)) {
            return ((Number) value).intValue();
        }
        return value;
    }
}
