package anyjob.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A run that a link holds, from its start until the worker has cleaned it: what is to be told of it, and what was. */
final class Held implements Way {
    static final int SAVED = 4096;

    private static final int CHUNK = 32 << 10;
    private static final long STUCK = 10000; // ms in which the worker must read something of a full log
    private static final long EVERY = 100000000L;

    final ThreadGroup group;
    private final String run;
    private final Link link;
    private final Map<String, Object> secrets;
    private final Set<Ask> asks = new LinkedHashSet<Ask>(); // guarded by this, as all below
    private final Ring ring = new Ring();
    private Wire wire; // whom it tells; null: the connection has not asked for it
    private long sent;
    private long[] progress;
    private long progressAt = System.nanoTime() - EVERY;
    private byte[] result;
    private String stoppedBy; // with the result
    private boolean resultSent;
    private boolean forgotten;

    Call call;
    Ladder ladder;
    Runs.Starter starter;

    Held(String run, Link link, Map<String, Object> secrets, ThreadGroup group) {
        this.run = run;
        this.link = link;
        this.secrets = secrets;
        this.group = group;
    }

    /** A question to the worker, asked again on every connection until it is answered. */
    private static final class Ask {
        final String line;
        long id;
        boolean answered;
        String error;

        Ask(String line) {
            this.line = line;
        }
    }

    // ------------------------------------------------------------------ what the code says

    @Override
    public String secret(String name) {
        Object value = secrets.get(name);
        return value instanceof String ? (String) value : null;
    }

    /**
     * While the worker reads, code that writes faster waits for it; while it is away, or does not read, the oldest bytes are
     * pushed out.
     */
    @Override
    public void log(byte[] bytes, int from, int count) {
        boolean interrupted = false;
        synchronized (this) {
            int done = 0;
            long seen = sent;
            long until = System.nanoTime() + STUCK * 1000000;
            while (done < count && !forgotten) {
                long room = Ring.KEPT - (ring.total() - sent);
                boolean waits = wire != null && !interrupted && !call.stopping() && System.nanoTime() < until;
                if (room <= 0 && waits) {
                    try {
                        wait(100);
                    } catch (InterruptedException stop) {
                        interrupted = true;
                    }
                    if (sent != seen) {
                        seen = sent;
                        until = System.nanoTime() + STUCK * 1000000;
                    }
                    continue;
                }
                int piece = room > 0 && waits ? (int) Math.min(room, count - done) : count - done;
                ring.append(bytes, from + done, piece);
                done += piece;
                dirty();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized void progress(long done, long total) {
        progress = new long[] {done, total};
        if (wire == null) {
            return;
        }
        if (System.nanoTime() - progressAt >= EVERY) {
            wire.tells(this);
        } else {
            wire.tellsLater(this);
        }
    }

    @Override
    public void map(List<?> items, String name, String key) throws IOException, InterruptedException {
        Map<String, Object> body = message("map");
        body.put("items", items);
        body.put("name", name);
        body.put("key", key);
        ask(body, "a map");
    }

    @Override
    public void checkpoint(Object data) throws IOException, InterruptedException {
        int size = Json.write(data).getBytes(StandardCharsets.UTF_8).length;
        if (size > SAVED) {
            throw new IOException("a checkpoint of " + size + " bytes; at most " + SAVED + " are kept: names, not contents");
        }
        Map<String, Object> body = message("checkpoint");
        body.put("data", data);
        ask(body, "a checkpoint");
    }

    private void ask(Map<String, Object> body, String what) throws IOException, InterruptedException {
        String line = Json.write(body);
        if (line.length() > Wire.LINE / 4 && line.getBytes(StandardCharsets.UTF_8).length > Wire.LINE - 100) {
            throw new IOException(what + " of more than " + Wire.LINE + " bytes; send it in parts");
        }
        Ask ask = new Ask(line);
        synchronized (this) {
            if (result != null || forgotten) {
                throw new IOException("run " + run + " is over");
            }
            asks.add(ask);
            put(ask);
            try {
                while (!ask.answered) {
                    wait();
                }
            } finally {
                asks.remove(ask);
                link.answered(ask.id);
            }
            if (ask.error != null) {
                throw new IOException(ask.error);
            }
        }
    }

    private void put(Ask ask) {
        if (wire != null) {
            link.answered(ask.id);
            ask.id = link.asks(this);
            wire.send(ask.line.substring(0, ask.line.length() - 1) + ",\"id\":" + ask.id + "}");
        }
    }

    /** @param error null: it is done */
    synchronized void answer(long id, String error) {
        for (Ask ask : asks) {
            if (ask.id == id) {
                ask.answered = true;
                ask.error = error;
            }
        }
        notifyAll();
    }

    // ------------------------------------------------------------------ what becomes of it

    synchronized boolean over() {
        return result != null;
    }

    /** The first outcome counts. */
    void ends(Outcome outcome) {
        ends(outcome, false);
    }

    /** @param retire the process should not get further runs: this one left something in it */
    void ends(Outcome outcome, boolean retire) {
        byte[] line = resultLine(outcome, retire);
        synchronized (this) {
            if (result != null) {
                return;
            }
            result = line;
            stoppedBy = outcome.stoppedBy();
            for (Ask ask : asks) {
                ask.answered = true;
                ask.error = "run " + run + " is over";
            }
            notifyAll();
            dirty();
        }
    }

    private byte[] resultLine(Outcome outcome, boolean retire) {
        String wrong;
        try {
            byte[] line = line(outcome, retire);
            if (line.length <= Wire.LINE) {
                return line;
            }
            wrong = "it has " + line.length + " bytes, and " + Wire.LINE + " are allowed";
        } catch (IllegalArgumentException error) {
            wrong = error.getMessage();
        }
        return line(Outcome.failed("the outcome cannot be told: " + wrong)
                .withEvidence("app", "the code ended as " + outcome.cause() + ": " + Outcome.cut(outcome.result(), 1000)), retire);
    }

    private byte[] line(Outcome outcome, boolean retire) {
        Map<String, Object> body = message("result");
        body.put("outcome", outcome.toJson());
        if (retire) {
            body.put("retire", true);
        }
        return (Json.write(body) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Bytes that are kept for it. */
    synchronized long size() {
        return ring.size() + (result == null ? 0 : result.length) + 1000;
    }

    synchronized void forget() {
        forgotten = true;
        wire = null;
        notifyAll();
    }

    /**
     * From now on it is told of on this connection.
     *
     * @param cursor how much of the log the worker has; negative: what was told before counts
     * @param request what is answered by that; 0: nothing
     * @return false when it is not held any more
     */
    synchronized boolean tellTo(Wire next, long cursor, long request) {
        if (forgotten) {
            return false;
        }
        if (next.closed()) {
            return true;
        }
        if (request != 0) {
            Requests.ok(next, request, null);
        }
        wire = next;
        if (cursor >= 0) {
            sent = Math.min(cursor, ring.total());
        }
        resultSent = false;
        for (Ask ask : new ArrayList<Ask>(asks)) {
            put(ask);
        }
        notifyAll();
        dirty();
        return true;
    }

    /** It has begun: its start's connection follows it, unless a later one does already. */
    synchronized void tellFirst(Wire first) {
        if (wire == null) {
            tellTo(first, -1, 0);
        }
    }

    /** It does not begin. @return false when a later connection follows it already, and must be told by a result */
    synchronized boolean abandon() {
        if (wire != null) {
            return false;
        }
        forgotten = true;
        return true;
    }

    /** The connection has ended. */
    synchronized void lost(Wire old) {
        if (wire == old) {
            wire = null;
            notifyAll();
        }
    }

    private void dirty() {
        if (wire != null) {
            wire.tells(this);
        }
    }

    /** Add the next lines of this run. @return whether there are more */
    synchronized boolean tell(Wire by, List<byte[]> lines) {
        if (wire != by || forgotten) {
            return false;
        }
        if (sent < ring.oldest()) {
            long lost = ring.oldest() - sent;
            sent = ring.oldest();
            log(lines, ("[anyjob] " + lost + " bytes of log were lost\n").getBytes(StandardCharsets.UTF_8));
        }
        if (sent < ring.total()) {
            byte[] chunk = ring.read(sent, CHUNK);
            sent += chunk.length;
            log(lines, chunk);
            notifyAll();
        }
        boolean more = sent < ring.total();
        if (progress != null && (result != null || System.nanoTime() - progressAt >= EVERY)) {
            Map<String, Object> body = message("progress");
            body.put("done", progress[0]);
            body.put("total", progress[1]);
            lines.add((Json.write(body) + "\n").getBytes(StandardCharsets.UTF_8));
            progress = null;
            progressAt = System.nanoTime();
        } else if (progress != null) {
            wire.tellsLater(this);
        }
        if (!more && result != null && !resultSent) {
            lines.add(result);
            resultSent = true;
        }
        return more;
    }

    private void log(List<byte[]> lines, byte[] bytes) {
        String text = "{\"type\":\"log\",\"run\":" + Json.write(run) + ",\"base64\":\"" + Base64.getEncoder().encodeToString(bytes)
                + "\",\"source\":\"app\",\"cursor\":\"" + sent + "\"}\n";
        lines.add(text.getBytes(StandardCharsets.US_ASCII));
    }

    private Map<String, Object> message(String type) {
        Map<String, Object> body = new LinkedHashMap<String, Object>();
        body.put("type", type);
        body.put("run", run);
        return body;
    }

    /** What a stop is answered. */
    synchronized Map<String, Object> standing() {
        if (result != null) {
            return Outcome.stop("REPORTED", stoppedBy == null ? "the code's return" : stoppedBy, "the run is over");
        }
        Map<String, Object> stop = Outcome.stop("ASKED", ladder.step(), null);
        stop.put("survivors", Collections.singletonList("run " + run));
        return stop;
    }
}
