package anyjob.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;

/** One connection, from its hello to its end. */
final class Session {
    private static long silence = 90000; // ms; asked for a sign of life after a third of it. No constant: tests make it short
    private static final int HELLO = (1 << 20) - 1000; // bytes of its line

    private final Link link;
    private final Wire wire;
    private boolean welcomed;
    private int edition; // of the names that the hello held
    boolean good;
    boolean refused;
    boolean ended; // the worker said so

    Session(Link link, Wire wire) {
        this.link = link;
        this.wire = wire;
    }

    void run() {
        edition = link.served().edition();
        Map<String, Object> hello = link.hello();
        String first = Json.write(hello);
        if (first.length() > HELLO / 3 && first.getBytes(StandardCharsets.UTF_8).length > HELLO) {
            edition = -1; // they are said behind the welcome
            hello.put("names", Collections.emptyList());
            hello.put("details", Collections.emptyMap());
            first = Json.write(hello);
        }
        wire.send(first);
        while (true) {
            byte[] line;
            try {
                line = wire.line();
            } catch (IOException error) {
                wire.end(String.valueOf(error.getMessage()));
                return; // a connection that was there and is lost, unlike one that could not be made
            }
            if (line == null) {
                wire.end("the worker ended the connection");
                return;
            }
            if (line.length == 0) {
                continue;
            }
            Map<?, ?> message;
            try {
                message = Wire.message(line);
            } catch (IOException wrong) {
                good = false;
                wire.end(wrong.getMessage());
                return;
            }
            if (!takes(message)) {
                return;
            }
        }
    }

    /** @return false when the worker refuses us, or has ended */
    private boolean takes(Map<?, ?> message) {
        String type = (String) message.get("type");
        if (!welcomed) {
            if ("refused".equals(type)) {
                refused = true;
                wire.end(String.valueOf(message.get("why")));
                return false;
            }
            if (!"welcome".equals(type)) {
                wire.end("the worker said " + Outcome.cut(type, 40) + " before its welcome");
                return false;
            }
            good = true;
            wire.welcomed(silence);
            welcomed = true;
            link.welcomed(wire, edition, String.valueOf(message.get("node")), String.valueOf(message.get("group")));
            return true;
        }
        if ("bye".equals(type)) {
            ended = true;
            wire.end("the worker has ended");
            return false;
        }
        Object re = message.get("re");
        if (re instanceof Long) {
            Held held = link.asked((Long) re);
            if (held != null) {
                held.answer((Long) re, "ok".equals(type) ? null : said(message, type));
            }
        } else if (message.get("id") instanceof Long) {
            link.requests().take(wire, type, (Long) message.get("id"), message);
        }
        return true;
    }

    private String said(Map<?, ?> message, String type) {
        Object text = message.get("message");
        return text == null ? "the worker answered " + type : text.toString();
    }
}
