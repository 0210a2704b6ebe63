package anyjob.host;

import anyjob.app.Outcome;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why no object could be made of a job's class: the field, its value, and what to do. */
final class NotMade {
    /** Class files of Java 8 have version 52, and each Java since then one more. */
    private static final int FIRST = 44;

    private static final Pattern VERSION = Pattern.compile("class file version (\\d+)");

    private NotMade() {}

    static Outcome outcome(String name, Throwable error) {
        if (error instanceof UnsupportedClassVersionError) {
            Matcher said = VERSION.matcher(String.valueOf(error.getMessage()));
            String wanted = said.find() ? "for Java " + (Integer.parseInt(said.group(1)) - FIRST) : "for a newer Java";
            return missing(name, "was compiled, or needs a class that was compiled, " + wanted + ", and the JVM is Java " + release()
                    + " (" + error.getMessage() + "); name a newer one in XAttrs.javaHome, or compile with javac --release "
                    + release());
        }
        if (error instanceof ClassNotFoundException) {
            return missing(name, "is not on the class path; add the jar that holds it, or correct the name");
        }
        if (error instanceof InvocationTargetException) {
            Throwable thrown = error.getCause();
            return thrown("its constructor threw " + thrown, name, thrown, "mend what the constructor needs");
        }
        if (error instanceof ExceptionInInitializerError) {
            Throwable thrown = error.getCause() == null ? error : error.getCause();
            return thrown("a static initialiser threw " + thrown, name, thrown, "mend what the initialiser needs");
        }
        if (error instanceof NoSuchMethodException) {
            return Outcome.of("bad_config").withResult(sentence(name,
                    "has no constructor without arguments, by which an object is made for each run; give it one"));
        }
        if (error instanceof NoClassDefFoundError && String.valueOf(error.getMessage()).startsWith("Could not initialize")) {
            return thrown("a static initialiser has failed before in this JVM: " + error, name, error,
                    "mend what the initialiser needs");
        }
        if (error instanceof LinkageError) {
            return missing(name, "cannot be loaded: " + error + "; add what is missing to the class path, in the version that"
                    + " it was compiled for").withEvidence("exception", cut(Outcome.stack(error)));
        }
        return Outcome.failed(sentence(name, "cannot be made: " + error)).withEvidence("exception", cut(Outcome.stack(error)));
    }

    /** Why no object of a class that is there would help; null: it may. */
    static Outcome unfit(String name, Class<?> type, Dialect dialect) {
        if (dialect == null) {
            return missing(name, "is no processor: it neither implements anyjob.job.JobProcessor nor extends SchedulerX's"
                    + " JavaProcessor; write the name of a class that does");
        }
        if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
            return missing(name, "is abstract, so no object can be made of it; write a class that is not");
        }
        return null;
    }

    /** What the context of a run needs is not on the class path: for SchedulerX's classes that is joda-time. */
    static Outcome lacking(String name, Throwable absent) {
        String wanted = String.valueOf(absent.getMessage()).replace('/', '.');
        String jar = wanted.startsWith("org.joda.time.") ? "joda-time (org.joda.time.DateTime)" : wanted;
        return missing(name, "needs " + jar + ", of which SchedulerX's JobContext is made and which is not on the class path;"
                + " add its jar to XAttrs.classpath").withEvidence("exception", cut(Outcome.stack(absent)));
    }

    private static String sentence(String name, String remedy) {
        return "ClassName: \"" + name + "\" " + remedy;
    }

    private static Outcome missing(String name, String remedy) {
        return Outcome.of("dependency_missing").withResult(sentence(name, remedy)).withRetry(false, null);
    }

    private static Outcome thrown(String what, String name, Throwable error, String remedy) {
        Outcome told = Outcome.thrown(error);
        return told.withResult(sentence(name, "cannot be made: " + what + "; " + remedy));
    }

    private static String release() {
        String version = System.getProperty("java.class.version", "52.0");
        return String.valueOf((int) Double.parseDouble(version) - FIRST);
    }

    private static String cut(String text) {
        return text.length() <= Outcome.STACK ? text : text.substring(0, Outcome.STACK) + "...";
    }
}
