package anyjob.host;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.concurrent.atomic.AtomicLong;

/** The object that does one run, and the context that all its methods are given. */
final class Processor {
    final Dialect dialect;
    final Object object;
    final Object context;
    /** Calls of {@code map} so far. */
    final AtomicLong maps = new AtomicLong();
    private final ClassLoader loader;

    Processor(Dialect dialect, Object object, Object context, ClassLoader loader) {
        this.dialect = dialect;
        this.object = object;
        this.context = context;
        this.loader = loader;
    }

    boolean is(String type) {
        return dialect.is(object, type, loader);
    }

    /** Calls one of the methods that take the context. What it throws comes out as it is. */
    Object call(String type, String method) throws Throwable {
        Method found = dialect.processor(type, loader).getMethod(method, dialect.context(loader));
        found.setAccessible(true);
        try {
            return found.invoke(object, context);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    /** Whether its class has a {@code kill} of its own; that of JavaProcessor does nothing. */
    boolean killable() {
        try {
            Class<?> declares = object.getClass().getMethod("kill", dialect.context(loader)).getDeclaringClass();
            return is("JobProcessorEx") && declares != dialect.processor("JavaProcessor", loader)
                    && !Modifier.isAbstract(declares.getMethod("kill", dialect.context(loader)).getModifiers());
        } catch (ReflectiveOperationException absent) {
            return false;
        }
    }
}
