package anyjob.spring;

import java.lang.reflect.Method;
import java.util.LinkedHashSet;
import java.util.Set;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringValueResolver;

/**
 * Stands in for Spring's own post-processor: notes every @Scheduled method, and lets Spring schedule those that are not
 * taken. Of Spring it uses what is public or protected in 5.3, 6 and 7 alike.
 */
public final class Takeover extends ScheduledAnnotationBeanPostProcessor implements Scheduler {
    private final Methods methods;
    private final ThreadLocal<String> bean = new ThreadLocal<String>();
    private StringValueResolver resolver;

    public Takeover(Methods methods) {
        this.methods = methods;
        methods.attach(this);
    }

    @Override
    public void setEmbeddedValueResolver(StringValueResolver resolver) {
        this.resolver = resolver;
        super.setEmbeddedValueResolver(resolver);
    }

    @Override
    public Object postProcessAfterInitialization(Object object, String name) {
        String before = bean.get(); // making one bean may make another
        bean.set(name);
        try {
            return super.postProcessAfterInitialization(object, name);
        } finally {
            bean.set(before);
        }
    }

    /** Called for each annotation of each method. */
    @Override
    protected void processScheduled(Scheduled scheduled, Method method, Object object) {
        Trigger trigger = Trigger.of(scheduled, resolver);
        // Twice, because a class with @Configuration is no proxy, and yet not the user's own.
        Class<?> user = ClassUtils.getUserClass(AopProxyUtils.ultimateTargetClass(object));
        methods.found(bean.get(), user, method, object, scheduled, trigger);
    }

    @Override
    public synchronized Set<ScheduledTask> schedule(Scheduled scheduled, Method method, Object object) {
        Set<ScheduledTask> before = getScheduledTasks();
        super.processScheduled(scheduled, method, object);
        Set<ScheduledTask> made = new LinkedHashSet<ScheduledTask>(getScheduledTasks());
        made.removeAll(before);
        return made;
    }

    @Override
    public boolean requiresDestruction(Object object) {
        return super.requiresDestruction(object) || methods.holds(object);
    }

    @Override
    public void postProcessBeforeDestruction(Object object, String name) {
        methods.gone(object);
        super.postProcessBeforeDestruction(object, name);
    }
}
