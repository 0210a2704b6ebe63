package anyjob.host;

/** The names of an API for processors: SchedulerX's, and ours, whose types have the same names in one package. */
enum Dialect {
    SCHEDULERX(
            "com.alibaba.schedulerx.worker.processor.",
            "com.alibaba.schedulerx.worker.domain.",
            "com.alibaba.schedulerx.common.domain."),
    ANYJOB("anyjob.job.", "anyjob.job.", "anyjob.job.");

    private final String processors;
    private final String contexts;
    private final String values;

    Dialect(String processors, String contexts, String values) {
        this.processors = processors;
        this.contexts = contexts;
        this.values = values;
    }

    /** The dialect of a class; null: it is no processor. */
    static Dialect of(Class<?> type, ClassLoader loader) {
        for (Dialect dialect : values()) {
            try {
                if (dialect.processor("JobProcessor", loader).isAssignableFrom(type)) {
                    return dialect;
                }
            } catch (ClassNotFoundException absent) {
                continue; // this API is not on the class path, so nothing on it is written for it
            }
        }
        return null;
    }

    /** JobProcessor, JavaProcessor, MapReduceJobProcessor, ... */
    Class<?> processor(String name, ClassLoader loader) throws ClassNotFoundException {
        return Class.forName(processors + name, false, loader);
    }

    /** Whether an object's class is, or comes from, the type of this name. */
    boolean is(Object processor, String name, ClassLoader loader) {
        try {
            return processor(name, loader).isInstance(processor);
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    Class<?> context(ClassLoader loader) throws ClassNotFoundException {
        return Class.forName(contexts + "JobContext", true, loader);
    }

    /** JobInstanceData, TaskStatus. */
    Class<?> value(String name, ClassLoader loader) throws ClassNotFoundException {
        return Class.forName(values + name, true, loader);
    }
}
