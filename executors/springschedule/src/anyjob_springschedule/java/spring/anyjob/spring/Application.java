package anyjob.spring;

import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;

/** Speaks with the worker while the application is up. */
final class Application implements ApplicationListener<ApplicationEvent> {
    private final Methods methods;

    Application(ConfigurableApplicationContext context, Options options) {
        methods = new Methods(options.take());
    }

    Methods methods() {
        return methods;
    }

    @Override
    public void onApplicationEvent(ApplicationEvent event) { }
}
