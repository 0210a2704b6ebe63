package anyjob.host;

import anyjob.app.Call;
import anyjob.app.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How the tasks of an instance ended, for the parts that come after them. */
final class TaskResults {
    private final Map<Long, String> texts = new LinkedHashMap<Long, String>();
    private final Map<Long, String> statuses = new LinkedHashMap<Long, String>();

    private TaskResults() {}

    /**
     * What the facts say under {@code results}, else the lines of the file that ANYJOB_RESULTS names; none when neither is
     * there. Each is {@code {"task": ID, "status": "success", "result": TEXT}}.
     */
    static TaskResults of(Call call) throws IOException {
        TaskResults results = new TaskResults();
        Object said = call.facts().get("results");
        String file = System.getenv("ANYJOB_RESULTS");
        if (said instanceof List) {
            for (Object one : (List<?>) said) {
                results.add(one);
            }
        } else if (file != null && new File(file).isFile()) {
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(new FileInputStream(file), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (!line.trim().isEmpty()) {
                        results.add(Json.parse(line));
                    }
                }
            }
        }
        return results;
    }

    private void add(Object one) throws IOException {
        if (!(one instanceof Map) || !(((Map<?, ?>) one).get("task") instanceof Long)) {
            throw new IOException("a result of a task is no object with its number as \"task\": " + Json.write(one));
        }
        Map<?, ?> said = (Map<?, ?>) one;
        Long task = (Long) said.get("task");
        Object result = said.get("result");
        texts.put(task, result == null || result instanceof String ? (String) result : Json.write(result));
        statuses.put(task, String.valueOf(said.get("status")).toUpperCase(Locale.ROOT));
    }

    /** By task; null where a task had none. */
    Map<Long, String> texts() {
        return texts;
    }

    /** Names of TaskStatus, by task. */
    Map<Long, String> statuses() {
        return statuses;
    }

    int failed() {
        int count = 0;
        for (String status : statuses.values()) {
            count += "FAILED".equals(status) ? 1 : 0;
        }
        return count;
    }
}
