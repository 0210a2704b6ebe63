package anyjob.spring;

import java.lang.reflect.Method;
import java.util.Set;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.config.ScheduledTask;

/** Spring's own scheduling of one annotation. */
interface Scheduler {
    /** The tasks that were made, by which it is undone. */
    Set<ScheduledTask> schedule(Scheduled scheduled, Method method, Object object);
}
