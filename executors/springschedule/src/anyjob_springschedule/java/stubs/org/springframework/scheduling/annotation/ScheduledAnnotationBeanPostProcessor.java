package org.springframework.scheduling.annotation;

import java.lang.reflect.Method;
import java.util.Set;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.util.StringValueResolver;

public class ScheduledAnnotationBeanPostProcessor {
    public void setEmbeddedValueResolver(StringValueResolver resolver) { }

    public Object postProcessAfterInitialization(Object bean, String beanName) {
        throw new UnsupportedOperationException();
    }

    protected void processScheduled(Scheduled scheduled, Method method, Object bean) { }

    public Set<ScheduledTask> getScheduledTasks() {
        throw new UnsupportedOperationException();
    }

    public void postProcessBeforeDestruction(Object bean, String beanName) { }

    public boolean requiresDestruction(Object bean) {
        throw new UnsupportedOperationException();
    }
}
