package anyjob.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * One run, as the host and the code that it calls see it. Its methods can be called from any thread until the run is over;
 * after that {@link #log}, {@link #progress} do nothing and {@link #map}, {@link #checkpoint} throw.
 */
public final class Call {
    private static final int WORD = 4096;
    private static final InheritableThreadLocal<Call> CURRENT = new InheritableThreadLocal<Call>();

    private final String run;
    private final String name;
    private final Way way;
    private final Object lock = new Object();
    private volatile Map<String, Object> facts;
    private volatile Map<String, Object> spec;
    private volatile Object kept;
    private volatile long asked; // nanoTime of the stop, 0 before
    private volatile boolean over;
    private volatile Object saved;
    private Thread thread; // guarded by lock, as the two below
    private boolean early; // an interrupt that came before the code began
    private boolean returned;

    Call(String run, String name, Map<String, Object> facts, Map<String, Object> spec, Way way) {
        this.run = run;
        this.name = name;
        this.facts = facts;
        this.spec = spec;
        this.way = way;
        this.saved = facts.get("saved");
    }

    /**
     * The run whose code calls this; null outside of one. Threads that the code starts belong to its run, and so do those of a
     * pool that it makes, for as long as they live; tasks given to an older pool do not, until {@link #enter} is called there.
     */
    public static Call current() {
        Call call = CURRENT.get();
        return call == null || call.over ? null : call;
    }

    /** From now on the calling thread belongs to this run. @return what it belonged to, for {@link #leave} */
    public Call enter() {
        Call before = CURRENT.get();
        CURRENT.set(this);
        return before;
    }

    /** The calling thread belongs to {@code before} again, which may be null. */
    public static void leave(Call before) {
        if (before == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(before);
        }
    }

    /** Unique name of the run, DNS-safe. */
    public String run() {
        return run;
    }

    /** Which of the names that the application serves is meant; "" in a process for one run. */
    public String name() {
        return name;
    }

    /** The facts of the run, as docs/protocol.md lists them. Empty once the run is over. */
    public Map<String, Object> facts() {
        return Collections.unmodifiableMap(facts);
    }

    /** A fact as text; "" when it is null. */
    public String text(String fact) {
        Object value = facts.get(fact);
        return value == null ? "" : value instanceof String ? (String) value : Json.write(value);
    }

    /** A fact as a whole number; {@code otherwise} when it is none. */
    public long number(String fact, long otherwise) {
        Object value = facts.get(fact);
        return value instanceof Number ? ((Number) value).longValue() : otherwise;
    }

    /** What the executor asks beside the facts. Empty once the run is over. */
    public Map<String, Object> spec() {
        return Collections.unmodifiableMap(spec);
    }

    /** A secret that the job names; null when it names none of this name. Write none of them down. */
    public String secret(String name) {
        return way.secret(name);
    }

    /** Bytes for the run's log. */
    public void log(byte[] bytes) {
        log(bytes, 0, bytes.length);
    }

    /** Bytes for the run's log. */
    public void log(byte[] bytes, int from, int count) {
        if (!over) {
            way.log(bytes, from, count);
        }
    }

    /** A line for the run's log. */
    public void log(String line) {
        log((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** How far the run is. Both are at least 0. */
    public void progress(long done, long total) {
        if (done < 0 || total < 0) {
            throw new IllegalArgumentException("progress of " + done + " of " + total + "; both are at least 0");
        }
        if (!over) {
            way.progress(done, total);
        }
    }

    /**
     * Further tasks named {@code name}, one an item. Repeating a {@code key} within the run does nothing. Returns when they are
     * durable; waits while the worker is away.
     *
     * @param items what JSON can carry
     * @throws IOException the worker refuses them, with its reason, or the run is over
     * @throws IllegalArgumentException an item that JSON cannot carry, or a name or key of more than 4096 characters
     */
    public void map(List<?> items, String name, String key) throws IOException, InterruptedException {
        alive();
        if (name.length() > WORD || key.length() > WORD) {
            throw new IllegalArgumentException("name or key of a map has more than " + WORD + " characters");
        }
        way.map(items, name, key);
    }

    /**
     * Keep {@code data}, at most 4 KB of JSON, for the next start of this attempt. Returns when it is durable; waits while the
     * worker is away.
     *
     * @throws IOException the worker refuses it, with its reason, or there is no worker: in a process for one run
     */
    public void checkpoint(Object data) throws IOException, InterruptedException {
        alive();
        way.checkpoint(data);
        saved = data;
    }

    /** The last checkpoint, also of an earlier start of this attempt; null when there is none. */
    public Object saved() {
        return saved;
    }

    /** Whether a stop was asked for. */
    public boolean stopping() {
        return asked != 0;
    }

    /** Something that the host wants to find again, such as the object that is called. */
    public void keep(Object value) {
        kept = value;
    }

    /** What was given to {@link #keep}; null before and once the run is over. */
    public Object kept() {
        return kept;
    }

    @Override
    public String toString() {
        return "run " + run;
    }

    // ------------------------------------------------------------------ within

    private void alive() throws IOException {
        if (over) {
            throw new IOException("run " + run + " is over");
        }
    }

    Way way() {
        return way;
    }

    boolean over() {
        return over;
    }

    /** Milliseconds that a stop may take. */
    long grace() {
        Object grace = facts.get("grace");
        double seconds = grace instanceof Number ? ((Number) grace).doubleValue() : 10;
        return (long) (Math.max(0, Math.min(86400, seconds)) * 1000);
    }

    /** Milliseconds since the stop was asked for. */
    long sinceAsked() {
        return (System.nanoTime() - asked) / 1000000;
    }

    /** @return false when it was asked before */
    boolean ask() {
        synchronized (lock) {
            if (asked != 0) {
                return false;
            }
            long now = System.nanoTime();
            asked = now == 0 ? 1 : now;
            return true;
        }
    }

    void begins(Thread self) {
        synchronized (lock) {
            thread = self;
            if (early) {
                self.interrupt();
            }
        }
    }

    /** The code has returned: no interrupt of ours comes after this, so the thread is clean again. */
    void returned() {
        synchronized (lock) {
            thread = null;
            returned = true;
            lock.notifyAll();
        }
        Thread.interrupted();
    }

    /** Nothing can be said of the run any more, and nothing of it is held. */
    void ends() {
        synchronized (lock) {
            over = true;
            thread = null;
            returned = true;
            lock.notifyAll();
        }
        facts = Collections.emptyMap();
        spec = Collections.emptyMap();
        kept = null;
        saved = null;
    }

    /** @return false when the code has returned */
    boolean interrupt() {
        synchronized (lock) {
            if (returned) {
                return false;
            }
            early = thread == null;
            if (!early) {
                thread.interrupt();
            }
            return true;
        }
    }

    /** Whether its code runs in that thread. */
    boolean runsIn(Thread other) {
        synchronized (lock) {
            return thread == other;
        }
    }

    /** Whether the code has begun or is about to, and has not returned. */
    boolean running() {
        synchronized (lock) {
            return !returned;
        }
    }

    /** Wait until the code has returned, at most so long. @return whether it has */
    boolean await(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1000000;
        synchronized (lock) {
            while (!returned) {
                long left = (end - System.nanoTime()) / 1000000;
                if (left <= 0) {
                    return false;
                }
                lock.wait(left);
            }
            return true;
        }
    }
}
