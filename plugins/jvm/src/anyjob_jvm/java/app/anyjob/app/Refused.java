package anyjob.app;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run that cannot begin: what is wrong with which field of its job, and what to write instead. */
public final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Map<String, Object>> problems = new ArrayList<Map<String, Object>>();

    /** Nothing is wrong with the job; the reason is the text. */
    public Refused(String why) {
        super(why, null, false, false);
    }

    /**
     * One field is wrong; {@link #and} adds others.
     *
     * @param field as the author of the job writes it: {@code ClassName}, {@code XAttrs.classpath}
     * @param value what stands there
     * @param remedy what to write instead, or to do
     */
    public Refused(String field, String value, String remedy) {
        super(field + ": " + value + ": " + remedy, null, false, false);
        and(field, value, remedy);
    }

    /** A further field. */
    public Refused and(String field, String value, String remedy) {
        Map<String, Object> problem = new LinkedHashMap<String, Object>();
        problem.put("field", field);
        problem.put("value", value == null ? "" : value);
        problem.put("remedy", remedy);
        problems.add(problem);
        return this;
    }

    /** Each with {@code field}, {@code value} and {@code remedy}; empty when no field is to blame. */
    public List<Map<String, Object>> problems() {
        return Collections.unmodifiableList(problems);
    }
}
