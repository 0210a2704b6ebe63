package anyjob.spring;

import anyjob.app.Json;
import anyjob.app.Outcome;
import java.lang.reflect.Method;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a method returned, as the outcome of its run. */
final class Returned {
    private Returned() { }

    /** void and null: succeeded, without a result. A Map is the outputs too, where JSON can carry it. */
    static Outcome outcome(Object value) {
        if (value == null) {
            return Outcome.succeeded("");
        }
        Class<?> publisher = ScheduledMethod.publisher(value.getClass());
        if (publisher != null) {
            return Outcome.failed("it returned a reactive " + publisher.getName()
                    + ", which nobody subscribes to, so its work did not begin; return the value itself");
        }
        Outcome said = ofProcessResult(value);
        if (said != null) {
            return said;
        }
        if (value instanceof Map) {
            Map<String, Object> outputs = outputs((Map<?, ?>) value);
            if (outputs != null) {
                return Outcome.succeeded(Json.write(outputs)).withOutputs(outputs);
            }
        }
        return Outcome.succeeded(String.valueOf(value));
    }

    /** SchedulerX's ProcessResult, ours, or a subclass: by shape, since the class need not be on any path of ours. */
    private static Outcome ofProcessResult(Object value) {
        for (Class<?> type = value.getClass(); type != null; type = type.getSuperclass()) {
            if (type.getSimpleName().equals("ProcessResult")) {
                Object status = asked(type, value, "getStatus");
                Object result = asked(type, value, "getResult");
                if (status instanceof Enum) {
                    String text = result == null ? "" : result.toString();
                    String name = ((Enum<?>) status).name();
                    return name.equals("SUCCESS") ? Outcome.succeeded(text)
                            : Outcome.failed(text).withEvidence("ProcessResult", "its status is " + name);
                }
            }
        }
        return null;
    }

    private static Object asked(Class<?> type, Object value, String getter) {
        try {
            Method method = type.getMethod(getter);
            method.setAccessible(true);
            return method.invoke(value);
        } catch (ReflectiveOperationException | RuntimeException other) {
            return null; // not the shape that was meant
        }
    }

    private static Map<String, Object> outputs(Map<?, ?> value) {
        Map<String, Object> outputs = new LinkedHashMap<String, Object>();
        for (Map.Entry<?, ?> entry : value.entrySet()) {
            if (!(entry.getKey() instanceof String)) {
                return null;
            }
            outputs.put((String) entry.getKey(), entry.getValue());
        }
        try {
            Json.write(outputs);
            return outputs;
        } catch (IllegalArgumentException notJson) {
            return null;
        }
    }
}
