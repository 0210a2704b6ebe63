import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.Date;
import java.util.TimeZone;

/**
 * What the real Quartz says, each jar of the arguments in a class loader of its own. A line "which jar TAB epoch seconds
 * TAB zone TAB expression" in, a line out: "fires" and up to five epoch seconds, or "refused" and why.
 */
public final class Oracle {
    private Oracle() {}

    public static void main(String[] jars) throws Exception {
        Class<?>[] crons = new Class<?>[jars.length];
        for (int which = 0; which < jars.length; which++) {
            URL[] path = {Paths.get(jars[which]).toUri().toURL()};
            crons[which] = new URLClassLoader(path).loadClass("org.quartz.CronExpression");
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintWriter out = new PrintWriter(System.out);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t", 4);
            out.println(answer(crons[Integer.parseInt(parts[0])], Long.parseLong(parts[1]), parts[2], parts[3]));
        }
        out.flush();
    }

    private static String answer(Class<?> kind, long after, String zone, String text) throws Exception {
        try {
            Object cron = kind.getConstructor(String.class).newInstance(text);
            kind.getMethod("setTimeZone", TimeZone.class).invoke(cron, TimeZone.getTimeZone(zone));
            Method next = kind.getMethod("getNextValidTimeAfter", Date.class);
            StringBuilder said = new StringBuilder("fires");
            Date at = new Date(after * 1000);
            for (int count = 0; count < 5; count++) {
                at = (Date) next.invoke(cron, at);
                if (at == null) {
                    break;
                }
                said.append(' ').append(at.getTime() / 1000);
            }
            return said.toString();
        } catch (InvocationTargetException wrong) {
            return "refused " + wrong.getCause();
        }
    }
}
