package anyjob.spring;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;

/** One call of a method, on its bean as Spring calls it: through the proxy. */
final class Invocation {
    private final ScheduledMethod scheduled;
    private final boolean direct;
    private final Object on;
    private final Method method;
    private volatile boolean cancelled;

    /**
     * `direct`: a method whose proxy returns before the work ends is called past it, or its end could not be seen.
     * Throws NotServed where it cannot be called so.
     */
    Invocation(ScheduledMethod scheduled, boolean direct) throws NotServed {
        this.scheduled = scheduled;
        this.direct = direct && scheduled.leavesEarly();
        Object target = this.direct ? target(scheduled.object) : scheduled.object;
        if (target == null) {
            throw NotServed.refused(scheduled, "is @Async, and its bean is no singleton behind its proxy; write XAttrs"
                    + " async \"proxy\", and then its end is not seen");
        }
        on = target;
        try {
            method = this.direct ? scheduled.method : AopUtils.selectInvocableMethod(scheduled.method, on.getClass());
            method.setAccessible(true);
        } catch (RuntimeException error) { // a private method of a proxied class, or a closed module
            throw NotServed.refused(scheduled, "cannot be called: " + error.getMessage());
        }
    }

    ScheduledMethod scheduled() {
        return scheduled;
    }

    /** Whether the return says nothing of the end of the work. */
    boolean endUnseen() {
        return scheduled.leavesEarly() && !direct;
    }

    /** Whether an interrupt made us give up waiting for a Future, whose work nobody has seen end. */
    boolean cancelled() {
        return cancelled;
    }

    /** What it returned; a Future is waited for. Throws what the method threw. */
    Object call() throws Throwable {
        try {
            Object value = method.invoke(on);
            if (value instanceof Future) {
                return wait((Future<?>) value);
            }
            return value instanceof CompletionStage ? wait(((CompletionStage<?>) value).toCompletableFuture()) : value;
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private Object wait(Future<?> future) throws Throwable {
        try {
            return future.get();
        } catch (ExecutionException thrown) {
            throw thrown.getCause() == null ? thrown : thrown.getCause();
        } catch (InterruptedException stop) {
            cancelled = true;
            future.cancel(true);
            throw stop;
        } catch (CancellationException by) {
            cancelled = true;
            throw by;
        }
    }

    /** The user's own object behind all proxies; null where a proxy has no single one. */
    private static Object target(Object proxied) {
        Object object = proxied;
        while (AopUtils.isAopProxy(object)) {
            object = AopProxyUtils.getSingletonTarget(object);
        }
        return object;
    }
}
