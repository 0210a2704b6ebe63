package anyjob.job;

import java.util.List;
import java.util.function.Function;

/**
 * Between the classes that jobs extend and the host that runs them. Not for jobs: what they need stands in {@link JobContext}.
 *
 * <p>The host is in a loader above this one, so the two share only types of the JDK.
 */
public final class Bridge {
    private static volatile Function<Object[], String> host;

    private Bridge() {
    }

    /** Called once by the host: what is done with (processor, tasks, name). It throws RuntimeException to refuse. */
    public static void install(Function<Object[], String> mapper) {
        host = mapper;
    }

    /**
     * Further tasks of the run that calls, or to which the processor belongs.
     *
     * @throws IllegalStateException there is no such run, or it refuses the tasks, with the reason
     */
    public static String map(Object processor, List<?> tasks, String name) {
        Function<Object[], String> mapper = host;
        if (mapper == null) {
            throw new IllegalStateException("map() was called outside of anyjob: no host is there to take the tasks");
        }
        return mapper.apply(new Object[] {processor, tasks, name});
    }
}
