package anyjob.host;

import anyjob.app.Own;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Starts the host: {@code API OVERLAY CLASSES ENTRY...}.
 *
 * <p>API and OVERLAY are jars of ours, CLASSES the names of the classes that are taken from the overlay (separated by commas, or
 * {@code -}), the rest is the job's class path. Three loaders, each the parent of the next: this one, with nothing but the JDK;
 * our interfaces; the job's classes.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        List<String> entries = Arrays.asList(arguments).subList(3, arguments.length);
        Set<String> overlaid = new HashSet<String>(Arrays.asList(arguments[2].split(",")));
        URL api = new File(arguments[0]).toURI().toURL();
        ClassLoader interfaces = new URLClassLoader(new URL[] {api}, Main.class.getClassLoader());
        ClassLoader loader = new JobLoader(JobLoader.urls(entries), new File(arguments[1]), overlaid, interfaces);
        Processors processors = new Processors(loader);
        Class.forName("anyjob.job.Bridge", true, interfaces).getMethod("install", Function.class).invoke(null, processors.mapper());
        Thread.currentThread().setContextClassLoader(loader);
        String app = String.valueOf(System.getenv("ANYJOB_APP"));
        if (!app.startsWith("files:")) {
            System.err.println("[anyjob] ANYJOB_APP says " + app + "; this host knows files:FOLDER");
            System.exit(2);
        }
        Own.run(app.substring("files:".length()), processors);
    }
}
