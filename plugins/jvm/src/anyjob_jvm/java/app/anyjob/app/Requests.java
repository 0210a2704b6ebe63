package anyjob.app;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What a worker asks of an application, and the answers. */
final class Requests {
    private static final int WAITING = 1000;

    private final Link link;
    private final Runs runs;
    private final Map<String, Handles> handlers;
    private final ThreadPoolExecutor own = new ThreadPoolExecutor(
            1, 1, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<Runnable>(WAITING), new ThreadFactory() {
                @Override
                public Thread newThread(Runnable work) {
                    return Threads.daemon("anyjob-requests", work);
                }
            });

    Requests(Link link, Runs runs, Map<String, Handles> handlers) {
        this.link = link;
        this.runs = runs;
        this.handlers = handlers;
        own.allowCoreThreadTimeOut(true);
    }

    /** In the link's thread: must not wait for anything. */
    void take(Wire wire, String type, long id, Map<?, ?> message) {
        if ("ping".equals(type)) {
            ok(wire, id, null);
            return;
        }
        Handles handler = handlers.get(type);
        if (handler != null) {
            handle(wire, id, handler, message);
            return;
        }
        Object run = message.get("run");
        if (!(run instanceof String) || ((String) run).isEmpty()) {
            if (type.matches("start|watch|stop|find|clean")) {
                error(wire, id, type + " names no run", null);
            } else {
                answer(wire, "unsupported", id, null);
            }
            return;
        }
        Held held = runs.get((String) run);
        switch (type) {
            case "start":
                start(wire, id, (String) run, held, message);
                break;
            case "watch":
                if (held == null || !held.tellTo(wire, cursor(message), id)) {
                    error(wire, id, "run " + run + " is not held here", null);
                }
                break;
            case "find":
                ok(wire, id, Collections.singletonMap("held", held != null));
                break;
            case "stop":
                if (held == null) {
                    error(wire, id, "run " + run + " is not held here", null);
                } else {
                    stop(wire, id, held, message);
                }
                break;
            case "clean":
                ok(wire, id, null); // first: a link that is closed waits for the removal, then for its lines
                runs.remove((String) run); // also one whose stop was given up: nobody asks for it again
                break;
            default:
                answer(wire, "unsupported", id, null);
        }
    }

    private void start(Wire wire, long id, String run, Held held, Map<?, ?> message) {
        if (held != null) {
            held.starter.again(held, wire, id);
        } else if (link.closing()) {
            Map<String, Object> fields = new LinkedHashMap<String, Object>();
            fields.put("message", "the application is being closed");
            fields.put("ending", true); // nothing was begun: another one may take the run
            answer(wire, "error", id, fields);
        } else {
            @SuppressWarnings("unchecked") // the parser makes no others
            Map<String, Object> body = (Map<String, Object>) message;
            runs.start(run, body, new Runs.Starter(wire, id));
        }
    }

    private void stop(Wire wire, long id, Held held, Map<?, ?> message) {
        if (!held.over()) {
            runs.stop(held, "FORCE".equals(message.get("stage")));
        }
        ok(wire, id, Collections.singletonMap("stop", held.standing()));
    }

    private void handle(final Wire wire, final long id, final Handles handler, final Map<?, ?> message) {
        Runnable work = new Runnable() {
            @Override
            @SuppressWarnings("unchecked") // the parser makes no others
            public void run() {
                try {
                    ok(wire, id, handler.handle((Map<String, Object>) message));
                } catch (Refused refused) {
                    error(wire, id, refused.getMessage(), refused.problems());
                } catch (Throwable error) {
                    error(wire, id, Outcome.text(error), null);
                }
            }
        };
        try {
            own.execute(work);
        } catch (java.util.concurrent.RejectedExecutionException full) {
            error(wire, id, WAITING + " requests wait already", null);
        }
    }

    private static long cursor(Map<?, ?> message) {
        Object cursors = message.get("cursors");
        Object app = cursors instanceof Map ? ((Map<?, ?>) cursors).get("app") : null;
        if (app instanceof Long) {
            return Math.max(0, (Long) app);
        }
        try {
            return app instanceof String ? Math.max(0, Long.parseLong((String) app)) : 0;
        } catch (NumberFormatException strange) { // then all of it again
            return 0;
        }
    }

    @SuppressWarnings("unchecked") // the parser makes no others
    static Map<String, Object> object(Map<String, Object> message, String key) {
        Object value = message.get(key);
        return value instanceof Map ? (Map<String, Object>) value : Collections.<String, Object>emptyMap();
    }

    static void ok(Wire wire, long id, Map<String, ?> fields) {
        try {
            answer(wire, "ok", id, fields);
        } catch (IllegalArgumentException wrong) { // what a handler gave
            error(wire, id, "the answer cannot be told: " + wrong.getMessage(), null);
        }
    }

    static void error(Wire wire, long id, String why, List<Map<String, Object>> problems) {
        Map<String, Object> fields = new LinkedHashMap<String, Object>();
        fields.put("message", Outcome.cut(String.valueOf(why), 10000));
        if (problems != null && !problems.isEmpty()) {
            fields.put("problems", problems);
        }
        answer(wire, "error", id, fields);
    }

    private static void answer(Wire wire, String type, long id, Map<String, ?> fields) {
        Map<String, Object> message = new LinkedHashMap<String, Object>();
        message.put("type", type);
        message.put("re", id);
        if (fields != null) {
            message.putAll(fields);
        }
        wire.send(message);
    }
}
