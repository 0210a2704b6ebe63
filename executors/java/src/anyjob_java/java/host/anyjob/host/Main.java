package anyjob.host;

import anyjob.app.Link;
import anyjob.app.Output;
import anyjob.app.Own;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
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
        if (app.startsWith("files:")) {
            Own.run(app.substring("files:".length()), processors);
            return;
        }
        serve(app, processors);
    }

    /** Many runs at one time, until nobody needs this JVM any more. */
    private static void serve(String address, Processors processors) throws InterruptedException {
        String encoding = System.getProperty("anyjob.encoding", "UTF-8");
        Output.install(Charset.isSupported(encoding) ? Charset.forName(encoding) : StandardCharsets.UTF_8);
        Link.to(address)
                .token(String.valueOf(System.getenv("ANYJOB_APP_TOKEN")))
                .jobType("java")
                .app("java")
                .software("anyjob-java on Java " + System.getProperty("java.version"))
                .resident(true)
                .serve(processors);
        while (true) {
            Thread.sleep(Long.MAX_VALUE); // the link's threads are daemons, and it ends the JVM itself
        }
    }
}
