package anyjob.app;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names that a link serves, as they are now. */
final class Served {
    private List<String> names = Collections.emptyList(); // guarded by this, as all below
    private Map<String, Object> details = Collections.emptyMap();
    private int edition;

    synchronized void are(Collection<String> now, Map<String, ?> told) {
        names = new ArrayList<String>(now);
        details = new LinkedHashMap<String, Object>(told);
        edition++;
    }

    /** Counts what was told. */
    synchronized int edition() {
        return edition;
    }

    /** All of them, as a message of this type. */
    synchronized Map<String, Object> message(String type) {
        Map<String, Object> message = new LinkedHashMap<String, Object>();
        message.put("type", type);
        message.put("names", names);
        message.put("details", details);
        return message;
    }
}
