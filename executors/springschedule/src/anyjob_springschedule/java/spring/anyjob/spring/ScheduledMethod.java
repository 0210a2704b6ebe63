package anyjob.spring;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.config.ScheduledTask;

/** One method of one bean, with all its @Scheduled. What changes is guarded by Methods. */
final class ScheduledMethod {
    final String bean;
    final Class<?> user;
    final Method method;
    final Object object;
    final boolean async;
    private final List<Scheduled> annotations = new ArrayList<Scheduled>();
    private final List<Trigger> triggers = new ArrayList<Trigger>();
    private final List<ScheduledTask> tasks = new ArrayList<ScheduledTask>();
    private boolean taken;

    ScheduledMethod(String bean, Class<?> user, Method method, Object object, boolean taken) {
        this.bean = bean;
        this.user = user;
        this.method = method;
        this.object = object;
        this.taken = taken;
        this.async = annotated("Async");
    }

    void add(Scheduled scheduled, Trigger trigger, Scheduler scheduler) {
        annotations.add(scheduled);
        triggers.add(trigger);
        if (!taken) {
            tasks.addAll(scheduler.schedule(scheduled, method, object));
        }
    }

    boolean taken() {
        return taken;
    }

    /** Whether Spring has a time for it at all. */
    boolean timed() {
        for (Trigger trigger : triggers) {
            if (!trigger.never()) {
                return true;
            }
        }
        return false;
    }

    /** From now on Spring does not fire it. A firing that is going is not interrupted. */
    void take() {
        taken = true;
        for (ScheduledTask task : tasks) {
            task.cancel(false);
        }
        tasks.clear();
    }

    /** Spring's schedule begins anew, as after a start of the application. */
    void release(Scheduler scheduler) {
        taken = false;
        for (Scheduled scheduled : annotations) {
            tasks.addAll(scheduler.schedule(scheduled, method, object));
        }
    }

    /** Class#method, by the class of the bean and by the class in which it is written. */
    List<String> plainNames() {
        List<String> names = new ArrayList<String>();
        names.add(user.getName() + "#" + method.getName());
        if (method.getDeclaringClass() != user) {
            names.add(method.getDeclaringClass().getName() + "#" + method.getName());
        }
        return names;
    }

    /** The name that no other method has. */
    String ownName() {
        return user.getName() + "#" + method.getName() + "@" + bean;
    }

    boolean isOf(String className) {
        return className.equals(user.getName()) || className.equals(method.getDeclaringClass().getName());
    }

    /** Why it cannot be called, as the rest of a sentence; null where it can. */
    String refusal() {
        if (method.getParameterTypes().length > 0) {
            return "takes arguments, and a scheduled method has none";
        }
        Class<?> publisher = publisher(method.getReturnType());
        if (publisher != null) {
            return "returns " + method.getReturnType().getName() + ", a reactive " + publisher.getSimpleName()
                    + ", whose end cannot be waited for yet; return the value itself, or a CompletableFuture";
        }
        return null;
    }

    /** Whether a call through its proxy returns before the work ends, and gives nothing to wait for. */
    boolean leavesEarly() {
        Class<?> type = method.getReturnType();
        return async && !Future.class.isAssignableFrom(type) && !CompletionStage.class.isAssignableFrom(type);
    }

    Map<String, Object> json() {
        Map<String, Object> said = new LinkedHashMap<String, Object>();
        said.put("bean", bean);
        said.put("class", user.getName());
        if (method.getDeclaringClass() != user) {
            said.put("declared", method.getDeclaringClass().getName());
        }
        said.put("method", method.getName());
        List<Object> times = new ArrayList<Object>();
        for (Trigger trigger : triggers) {
            times.add(trigger.json());
        }
        said.put("triggers", times);
        said.put("taken", taken);
        if (async) {
            said.put("async", true);
        }
        if (leavesEarly() && annotated("Transactional")) {
            said.put("note", "it is @Async and void, so it is called past its proxy, without its @Transactional;"
                    + " XAttrs async \"proxy\" keeps that, and then its end cannot be seen");
        }
        if (refusal() != null) {
            said.put("refused", refusal());
        }
        return said;
    }

    static Class<?> publisher(Class<?> type) {
        if (type == null) {
            return null;
        }
        String name = type.getName();
        if (name.equals("org.reactivestreams.Publisher") || name.equals("java.util.concurrent.Flow$Publisher")) {
            return type;
        }
        Class<?> found = publisher(type.getSuperclass());
        for (Class<?> face : type.getInterfaces()) {
            found = found == null ? publisher(face) : found;
        }
        return found;
    }

    private boolean annotated(String simpleName) {
        for (AnnotatedElement element : new AnnotatedElement[] {method, user, method.getDeclaringClass()}) {
            for (Annotation annotation : element.getAnnotations()) {
                if (annotation.annotationType().getSimpleName().equals(simpleName)) {
                    return true;
                }
            }
        }
        return false;
    }
}
