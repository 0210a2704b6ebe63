package anyjob.spring;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.springframework.scheduling.annotation.Scheduled;

/** Every @Scheduled method of an application that is known so far, and who fires each. */
public final class Methods {
    private final List<ScheduledMethod> all = new ArrayList<ScheduledMethod>();
    private final Collection<String> always;
    private final Set<String> wanted = new LinkedHashSet<String>();
    private final Map<String, Integer> running = new LinkedHashMap<String, Integer>();
    private Scheduler scheduler;
    private volatile Runnable changed = () -> { };

    /** `always`: names that Spring never fires, whatever the worker says; `*` for all. */
    Methods(Collection<String> always) {
        this.always = always;
    }

    void attach(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    boolean attached() {
        return scheduler != null;
    }

    /** Called once: whom to tell that methods came, went, were taken or given back. */
    void onChange(Runnable told) {
        changed = told;
    }

    void found(String bean, Class<?> user, Method method, Object object, Scheduled scheduled, Trigger trigger) {
        synchronized (this) {
            ScheduledMethod known = null;
            for (ScheduledMethod one : all) {
                known = one.object == object && one.method.equals(method) ? one : known;
            }
            if (known == null) {
                known = new ScheduledMethod(bean, user, method, object, false);
                all.add(known);
                if (held(known)) {
                    known.take();
                }
            }
            known.add(scheduled, trigger, scheduler);
        }
        changed.run();
    }

    synchronized boolean holds(Object object) {
        for (ScheduledMethod one : all) {
            if (one.object == object) {
                return true;
            }
        }
        return false;
    }

    void gone(Object object) {
        boolean any;
        synchronized (this) {
            any = all.removeIf(one -> one.object == object);
        }
        tell(any);
    }

    /** Whether Spring would have a task if we were not here. */
    synchronized boolean anyTakenFromSpring() {
        for (ScheduledMethod one : all) {
            if (one.taken() && one.timed()) {
                return true;
            }
        }
        return false;
    }

    // ---------------------------------------------------------------- what is told

    synchronized int count() {
        return all.size();
    }

    /** Every name by which a job can mean a method. */
    synchronized Set<String> names() {
        Set<String> names = new TreeSet<String>();
        for (ScheduledMethod one : all) {
            for (String name : one.plainNames()) {
                names.add(name);
                names.add(name + "@" + one.bean);
            }
        }
        return names;
    }

    /** For the name of each method that no other has: class, bean, method, triggers, taken. */
    synchronized Map<String, Object> details() {
        Map<String, Object> details = new TreeMap<String, Object>();
        for (ScheduledMethod one : all) {
            details.put(one.ownName(), one.json());
        }
        return details;
    }

    /** The method that a job means; `bean` may be null. Throws NotServed, which says what there is instead. */
    synchronized ScheduledMethod find(String className, String method, String bean) throws NotServed {
        List<ScheduledMethod> here = new ArrayList<ScheduledMethod>();
        for (ScheduledMethod one : all) {
            if (one.method.getName().equals(method) && one.isOf(className)) {
                here.add(one);
            }
        }
        if (here.isEmpty()) {
            throw NotServed.missing(className, method, all);
        }
        List<ScheduledMethod> meant = new ArrayList<ScheduledMethod>();
        for (ScheduledMethod one : here) {
            if (bean == null || bean.equals(one.bean)) {
                meant.add(one);
            }
        }
        if (meant.isEmpty()) {
            throw NotServed.noSuchBean(className, method, bean, here);
        }
        if (meant.size() > 1) {
            throw NotServed.ambiguous(className, method, meant);
        }
        String refusal = meant.get(0).refusal();
        if (refusal != null) {
            throw NotServed.refused(meant.get(0), refusal);
        }
        return meant.get(0);
    }

    // ---------------------------------------------------------------- who fires

    /** These are fired by the worker from now on, all others by Spring, but for those that it never fires. */
    void take(Collection<String> names) {
        boolean any;
        synchronized (this) {
            wanted.clear();
            wanted.addAll(names);
            any = settle();
        }
        tell(any);
    }

    /** While a run of it is going Spring does not fire it, as it never fires a method twice at one time itself. */
    void begin(ScheduledMethod method) {
        boolean any;
        synchronized (this) {
            running.merge(method.ownName(), 1, Integer::sum);
            any = settle();
        }
        tell(any);
    }

    void end(ScheduledMethod method) {
        boolean any;
        synchronized (this) {
            running.computeIfPresent(method.ownName(), (name, count) -> count > 1 ? count - 1 : null);
            any = settle();
        }
        tell(any);
    }

    /** Whether anything changed hands. */
    private boolean settle() {
        boolean any = false;
        for (ScheduledMethod one : all) {
            boolean held = held(one);
            if (held && !one.taken()) {
                one.take();
            } else if (!held && one.taken()) {
                one.release(scheduler);
            } else {
                continue;
            }
            any = true;
        }
        return any;
    }

    private void tell(boolean any) {
        if (any) {
            changed.run();
        }
    }

    private boolean held(ScheduledMethod one) {
        if (running.containsKey(one.ownName()) || always.contains("*") || always.contains(one.bean)) {
            return true;
        }
        for (String name : one.plainNames()) {
            String className = name.substring(0, name.indexOf('#'));
            if (always.contains(name) || always.contains(className) || always.contains(name + "@" + one.bean)) {
                return true;
            }
            if (wanted.contains(name + "@" + one.bean) || (wanted.contains(name) && alone(name))) {
                return true;
            }
        }
        return false;
    }

    /** A name that several beans have is one that no job can call. */
    private boolean alone(String name) {
        int count = 0;
        for (ScheduledMethod one : all) {
            count += one.plainNames().contains(name) ? 1 : 0;
        }
        return count == 1;
    }
}
