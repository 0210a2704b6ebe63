package anyjob.app;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How a run ended. Unchangeable; each {@code with} gives another one. */
public final class Outcome {
    /** Characters of a stack that go into the evidence. */
    public static final int STACK = 4000;

    /** How the texts of the JVM's own errors begin, of all versions. What else is thrown of that class is the code's own. */
    private static final String[] FULL = {
        "Java heap space", "GC overhead limit exceeded", "Metaspace", "Compressed class space", "PermGen space",
        "unable to create native thread", "unable to create new native thread", "Requested array size exceeds VM limit",
        "Direct buffer memory", "Cannot reserve ", "Map failed", "Out of swap space"
    };

    private final Map<String, Object> said;
    private final Throwable thrown; // of which it tells; null: the code returned

    private Outcome(Map<String, Object> said, Throwable thrown) {
        this.said = said;
        this.thrown = thrown;
    }

    /** One of the causes of the protocol's page: {@code succeeded}, {@code failed}, {@code bad_config}, ... */
    public static Outcome of(String cause) {
        return of(cause, null);
    }

    private static Outcome of(String cause, Throwable thrown) {
        return new Outcome(Collections.<String, Object>singletonMap("cause", cause), thrown);
    }

    /** It did what it should. @param result a text for people, or null */
    public static Outcome succeeded(String result) {
        return of("succeeded").withResult(result);
    }

    /** The code said so. @param result why, in words for people */
    public static Outcome failed(String result) {
        return of("failed").withResult(result);
    }

    /**
     * What the code threw: {@code failed}, or {@code out_of_memory} for an OutOfMemoryError with one of the JVM's own texts. The
     * result is {@code Class: message}, the stack stands in the evidence, cut to {@link #STACK} characters.
     */
    public static Outcome thrown(Throwable error) {
        Throwable thrown = unwrapped(error);
        String text = text(thrown);
        String cause = outOfMemory(thrown) ? "out_of_memory" : "failed";
        return of(cause, thrown).withResult(text).withEvidence("exception", cut(stack(thrown), STACK));
    }

    /** As {@link #thrown}, in a heap that has no room for a stack. */
    static Outcome brief(Throwable error) {
        return of(outOfMemory(error) ? "out_of_memory" : "failed", error).withResult(error.getClass().getName());
    }

    /** The stack of what was thrown, as {@code printStackTrace} writes it; never throws by itself. */
    public static String stack(Throwable error) {
        try {
            StringWriter made = new StringWriter();
            error.printStackTrace(new PrintWriter(made, true));
            return made.toString();
        } catch (Throwable again) { // its own methods are the user's
            return error.getClass().getName() + "\n";
        }
    }

    /** {@code failed}, {@code succeeded}, ... */
    public String cause() {
        return (String) said.get("cause");
    }

    /** The text for people; "" when there is none. */
    public String result() {
        Object result = said.get("result");
        return result == null ? "" : (String) result;
    }

    /** The same with another cause. */
    public Outcome withCause(String cause) {
        return with("cause", cause);
    }

    /** A number of the code's own. */
    public Outcome withCode(long code) {
        return with("code", code);
    }

    /** @param result null takes it away */
    public Outcome withResult(String result) {
        return with("result", result);
    }

    /** @param outputs what JSON can carry; null takes them away */
    public Outcome withOutputs(Map<String, ?> outputs) {
        return with("outputs", outputs);
    }

    /** A further fact. @param source where it was seen @param text what was seen there */
    public Outcome withEvidence(String source, String text) {
        List<Object> all = new ArrayList<Object>();
        if (said.get("evidence") != null) {
            all.addAll((List<?>) said.get("evidence"));
        }
        all.add(evidence(source, text));
        return with("evidence", all);
    }

    /**
     * How a stop went: REPORTED, since an outcome is said when the code has returned.
     *
     * @param by what ended it, where that was seen, else what was seen
     * @param text what was seen
     */
    public Outcome withStop(String by, String text) {
        return withStop("REPORTED", by, text);
    }

    /**
     * How a stop went, for a host that knows better. Who adds the steps of the stop keeps the strength.
     *
     * @param strength {@code REPORTED}: the code has returned; {@code ASKED}: nobody knows whether some of it goes on
     */
    public Outcome withStop(String strength, String by, String text) {
        return with("stop", stop(strength, by, text));
    }

    /** The same stop with a further fact; one of {@code by} when there was none. */
    Outcome stopped(String by, String text) {
        Map<?, ?> told = (Map<?, ?>) said.get("stop");
        if (told == null) {
            return withStop(by, text);
        }
        Map<String, Object> stop = stop((String) told.get("strength"), (String) told.get("by"), null);
        List<Object> all = new ArrayList<Object>((List<?>) told.get("evidence"));
        all.add(evidence("stop", text));
        stop.put("evidence", all);
        return with("stop", stop);
    }

    /** Advice: whether another attempt can help, and after how many seconds (null: the job's own interval). */
    public Outcome withRetry(boolean again, Double after) {
        Map<String, Object> retry = new LinkedHashMap<String, Object>();
        retry.put("again", again);
        retry.put("after", after);
        return with("retry", retry);
    }

    /** As the messages carry it. */
    public Map<String, Object> toJson() {
        return Collections.unmodifiableMap(said);
    }

    // ------------------------------------------------------------------ within

    private Outcome with(String key, Object value) {
        Map<String, Object> copy = new LinkedHashMap<String, Object>(said);
        if (value == null) {
            copy.remove(key);
        } else {
            copy.put(key, value);
        }
        return new Outcome(copy, thrown);
    }

    /** Whether the code came to its end by an exception. */
    boolean threw() {
        return thrown != null;
    }

    /** The name of the exception by which code ends that heeds an interrupt, where that is what it threw; else null. */
    String heeded() {
        Throwable one = thrown;
        for (int depth = 0; one != null && depth < 20; depth++) { // causes may go in circles
            if (one instanceof InterruptedException || one instanceof java.nio.channels.ClosedByInterruptException) {
                return one.getClass().getName();
            }
            one = one.getCause();
        }
        return null;
    }

    /** By what a stop ended it; null when there was none. */
    String stoppedBy() {
        Map<?, ?> stop = (Map<?, ?>) said.get("stop");
        return stop == null ? null : (String) stop.get("by");
    }

    static Map<String, Object> evidence(String source, String text) {
        Map<String, Object> one = new LinkedHashMap<String, Object>();
        one.put("source", source);
        one.put("text", text);
        return one;
    }

    static Map<String, Object> stop(String strength, String by, String text) {
        Map<String, Object> stop = new LinkedHashMap<String, Object>();
        stop.put("strength", strength);
        stop.put("by", by);
        stop.put("evidence", text == null ? new ArrayList<Object>() : Collections.singletonList(evidence("stop", text)));
        stop.put("survivors", new ArrayList<Object>());
        return stop;
    }

    static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        return text.substring(0, most) + "... (" + (text.length() - most) + " characters more)";
    }

    /** Class and message; what a wrapper wraps is named beside it. */
    static String text(Throwable error) {
        StringBuilder made = new StringBuilder(error.getClass().getName());
        String message = message(error);
        if (message != null && !message.isEmpty()) {
            made.append(": ").append(message);
        }
        Throwable cause = error instanceof ExceptionInInitializerError ? error.getCause() : null;
        if (cause != null) {
            made.append(": ").append(cause.getClass().getName());
            if (message(cause) != null) {
                made.append(": ").append(message(cause));
            }
        }
        return made.toString();
    }

    private static String message(Throwable error) {
        try {
            return error.getMessage();
        } catch (Throwable again) {
            return null;
        }
    }

    private static Throwable unwrapped(Throwable error) {
        Throwable thrown = error;
        while (thrown instanceof InvocationTargetException && thrown.getCause() != null) {
            thrown = thrown.getCause();
        }
        return thrown;
    }

    static boolean outOfMemory(Throwable error) {
        String message = error.getClass() == OutOfMemoryError.class ? error.getMessage() : null;
        if (message != null) {
            for (String text : FULL) {
                if (message.startsWith(text)) {
                    return true;
                }
            }
        }
        return false;
    }
}
