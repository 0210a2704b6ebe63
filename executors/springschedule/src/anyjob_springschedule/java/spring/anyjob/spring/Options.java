package anyjob.spring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/** What the application's environment and properties say: anyjob.app is also ANYJOB_APP, and so on. */
final class Options {
    private static final String TOKEN = "anyjob.app.token";

    private final ConfigurableEnvironment environment;

    Options(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    /** unix:PATH or tcp:HOST:PORT; "" when nobody is to be dialled. */
    String address() {
        return text("anyjob.app", "");
    }

    /** The app group's. */
    String token() {
        return text(TOKEN, "");
    }

    /** Where the token stands though every user of the machine can read it there; null where it does not. */
    String exposed() {
        for (String name : new String[] {"commandLineArgs", "systemProperties"}) {
            PropertySource<?> source = environment.getPropertySources().get(name);
            if (source != null && source.getProperty(TOKEN) != null) {
                return name;
            }
        }
        return null;
    }

    String name() {
        return text("spring.application.name", "application");
    }

    /** Names of methods that Spring never fires: bean, class, Class#method, or * for all. */
    List<String> take() {
        List<String> names = new ArrayList<String>();
        for (String name : text("anyjob.spring.take", "").split(",")) {
            if (!name.trim().isEmpty()) {
                names.add(name.trim());
            }
        }
        return names;
    }

    /** After so long without a worker Spring fires everything again; null: never. */
    Duration release() {
        String text = text("anyjob.spring.release", "never");
        return text.equals("never") ? null : duration("anyjob.spring.release", text, ", or never");
    }

    /** How long a context that closes waits for runs that are going. */
    Duration closing() {
        return duration("anyjob.spring.closing", text("anyjob.spring.closing", "10"), "");
    }

    private static Duration duration(String name, String text, String other) {
        try {
            Duration read = text.startsWith("P") ? Duration.parse(text) : Duration.ofSeconds(Long.parseLong(text));
            if (!read.isNegative()) {
                return read;
            }
        } catch (RuntimeException wrong) {
            // said below
        }
        throw new IllegalArgumentException(
                name + " is '" + text + "'; write seconds, or a duration such as PT10M" + other);
    }

    /** Whether what a run's thread prints goes to the run's log as well. */
    boolean log() {
        return flag("anyjob.spring.log");
    }

    /** Whether a worker started this process for its runs alone. */
    boolean resident() {
        return flag("anyjob.app.resident");
    }

    private boolean flag(String name) {
        String value = text(name, "");
        return value.equals("1") || value.equalsIgnoreCase("true");
    }

    private String text(String name, String otherwise) {
        String value = environment.getProperty(name);
        return value == null ? otherwise : value.trim();
    }
}
