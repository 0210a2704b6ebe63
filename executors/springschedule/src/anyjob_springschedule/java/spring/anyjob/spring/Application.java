package anyjob.spring;

import anyjob.app.Link;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;

/**
 * Serves the methods of one application context, from its ApplicationReadyEvent until it closes.
 *
 * Whatever is wrong here is one line in the application's log: neither its start nor its end depends on a worker.
 */
final class Application implements ApplicationListener<ApplicationEvent> {
    private static final Log LOG = LogFactory.getLog("anyjob");
    private static final String READY = "org.springframework.boot.context.event.ApplicationReadyEvent";

    private final ConfigurableApplicationContext context;
    private final Options options;
    private final Methods methods;
    private final Stay stay = new Stay();
    private Link link;
    private long closing;

    Application(ConfigurableApplicationContext context, Options options) {
        this.context = context;
        this.options = options;
        methods = new Methods(options.take());
    }

    Methods methods() {
        return methods;
    }

    @Override
    public void onApplicationEvent(ApplicationEvent event) {
        try {
            if (isReady(event)) {
                if (methods.anyTakenFromSpring()) {
                    stay.begin();
                }
                begin();
            } else if (event instanceof ContextClosedEvent && of(event) == context) {
                stay.end();
                end();
            }
        } catch (RuntimeException | LinkageError wrong) {
            LOG.warn("anyjob: " + wrong.getMessage() + "; no job can call this application");
        }
    }

    /** Boot's event, by its name so that Boot need not be there; without Boot, once the context is refreshed. */
    private boolean isReady(ApplicationEvent event) {
        if (event.getClass().getName().equals(READY)) {
            return of(event) == context;
        }
        return event instanceof ContextRefreshedEvent && of(event) == context && !underBoot();
    }

    private boolean underBoot() {
        try {
            Class.forName(READY, false, context.getClass().getClassLoader());
            return context.getEnvironment().getPropertySources().get("configurationProperties") != null;
        } catch (ClassNotFoundException withoutBoot) {
            return false;
        }
    }

    private static Object of(ApplicationEvent event) {
        try {
            return event.getClass().getMethod("getApplicationContext").invoke(event);
        } catch (ReflectiveOperationException none) {
            return null;
        }
    }

    private synchronized void begin() {
        if (link != null || options.address().isEmpty()) {
            return;
        }
        if (!methods.attached()) {
            LOG.warn("anyjob: nothing to serve, because this application has no @EnableScheduling");
            return;
        }
        if (options.exposed() != null) {
            LOG.warn("anyjob: the token stands on the command line (" + options.exposed() + "), where every user of this"
                    + " machine can read it; set ANYJOB_APP_TOKEN, or anyjob.app.token in a file, instead."
                    + " No job can call this application");
            return;
        }
        if (options.log()) {
            Output.install();
        }
        closing = options.closing().toMillis();
        Connection connection = new Connection(options, methods);
        link = Link.to(options.address())
                .token(options.token())
                .jobType("springschedule")
                .app(options.name())
                .software("anyjob-spring on Spring " + springVersion() + ", Java " + System.getProperty("java.version"))
                .resident(options.resident())
                .events(connection)
                .handle("take", this::take);
        link.names(methods.names(), methods.details());
        methods.onChange(() -> link.names(methods.names(), methods.details()));
        link.serve(new Calls(methods));
    }

    private synchronized void end() {
        if (link != null) {
            link.close(closing);
        }
    }

    private Map<String, ?> take(Map<String, Object> message) {
        List<String> names = new ArrayList<String>();
        Object given = message.get("names");
        if (!(given instanceof Collection)) {
            throw new IllegalArgumentException("names is no list");
        }
        for (Object name : (Collection<?>) given) {
            names.add(String.valueOf(name));
        }
        methods.take(names);
        return null;
    }

    private static String springVersion() {
        String version = ConfigurableApplicationContext.class.getPackage().getImplementationVersion();
        return version == null ? "?" : version;
    }
}
