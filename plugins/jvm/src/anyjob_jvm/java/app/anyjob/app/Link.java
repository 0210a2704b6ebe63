package anyjob.app;

import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An application that dials in and serves many runs at one time. See "Dialling in" in docs/protocol.md.
 *
 * <pre>
 * Link link = Link.to("tcp:127.0.0.1:7790").token(token).jobType("java").app("shop").serve(host);
 * link.names(names, details);
 * ...
 * link.close();
 * </pre>
 *
 * <p>All threads are daemons, and a connection that is lost is dialled again for ever; neither the start nor the end of the
 * application waits for a worker. Of each run at most the last 256 KiB of log are held.
 */
public final class Link implements Closeable {
    private static final long WELCOME = 30000;
    private static final long FIRST_PAUSE = 100;
    private static final long LAST_PAUSE = 10000;
    private static long alone = 60000; // no constant, so that a test can make it short
    private static final long FLUSH = 2000;

    private final Address address;
    private final String id = Threads.random();
    private final Runs runs = new Runs(this);
    private final Map<String, Handles> handlers = new ConcurrentHashMap<String, Handles>();
    private final Map<Long, Held> asks = new ConcurrentHashMap<Long, Held>();
    private final AtomicLong ids = new AtomicLong();
    private final Served served = new Served();
    private final Object lock = new Object();
    private String token = "";
    private String jobType = "";
    private String app = "";
    private String software = "anyjob-app";
    private boolean resident;
    private LinkEvents events = new Careful(null);
    private Serves serves;
    private Thread thread;
    private Requests requests;
    private Wire wire; // guarded by lock, as all below
    private boolean closing;
    private boolean closed;
    private boolean at; // connected and welcomed

    private Link(Address address) {
        this.address = address;
    }

    /**
     * A link that is not begun yet.
     *
     * @param address {@code unix:PATH} or {@code tcp:HOST:PORT}
     * @throws IllegalArgumentException for what is no address, or one that this JVM cannot dial: {@code unix:} before Java 16
     */
    public static Link to(String address) {
        return new Link(new Address(address));
    }

    /** The token of the app group. */
    public Link token(String value) {
        unbegun();
        token = value;
        return this;
    }

    /** Whose jobs are served: {@code java}, {@code springschedule}. */
    public Link jobType(String value) {
        unbegun();
        jobType = value;
        return this;
    }

    /** What the application calls itself. */
    public Link app(String value) {
        unbegun();
        app = Outcome.cut(value, 100);
        return this;
    }

    /** A name and version for people. */
    public Link software(String value) {
        unbegun();
        software = Outcome.cut(value, 1000);
        return this;
    }

    /** A request of the job type's own. */
    public Link handle(String type, Handles handler) {
        unbegun();
        handlers.put(type, handler);
        return this;
    }

    /** Who wants to know what becomes of the connection. */
    public Link events(LinkEvents value) {
        unbegun();
        events = new Careful(value);
        return this;
    }

    /**
     * A process that a worker started and that is there for its runs alone (ANYJOB_APP_RESIDENT=1): it ends by itself when it
     * had neither connection nor run for 60 s, says which run called {@code System.exit}, and names threads that runs leave
     * behind.
     */
    public Link resident(boolean value) {
        unbegun();
        resident = value;
        return this;
    }

    /** Begin: dial in the background, and serve. */
    public Link serve(Serves host) {
        unbegun();
        serves = host;
        requests = new Requests(this, runs, handlers);
        thread = Threads.daemon("anyjob-link", new Runnable() {
            @Override
            public void run() {
                dials();
            }
        });
        if (resident) {
            Signals.on("TERM", new Signals.Heard() {
                @Override
                public void heard(String signal) {
                    shut(FLUSH); // before the exit, so that no run is told of it as somebody's System.exit
                    System.exit(0);
                }
            });
            Runtime.getRuntime().addShutdownHook(new Thread(Threads.top(), "anyjob-exit") {
                @Override
                public void run() {
                    shut(FLUSH);
                }
            });
        }
        thread.start();
        return this;
    }

    private void unbegun() {
        if (thread != null) {
            throw new IllegalStateException("this link serves already");
        }
    }

    /**
     * What is served from now on, all of it. Can be called at any time.
     *
     * @param details for some names what is to be told of them, as JSON; may be empty
     */
    public void names(Collection<String> names, Map<String, ?> details) {
        served.are(names, details);
        Wire now;
        synchronized (lock) { // behind the change: a welcome that comes between says it too, and none of both forgets it
            now = at ? wire : null;
        }
        if (now != null) {
            now.send(served.message("names"));
        }
    }

    /** Whether a worker is connected and has welcomed this application. */
    public boolean connected() {
        synchronized (lock) {
            return at;
        }
    }

    /** How many runs are going. */
    public int running() {
        return runs.going();
    }

    /** Wait until the link is closed, for a main thread that has nothing else to do: all others of a link are daemons. */
    public void await() throws InterruptedException {
        synchronized (lock) {
            while (!closed) {
                lock.wait();
            }
        }
    }

    /** As {@link #close(long)}, with 10 seconds. */
    @Override
    public void close() {
        close(10000);
    }

    /**
     * The application goes away: interrupt the runs, tell their results, end the connection. Returns when that is done, at
     * the latest after so many milliseconds; a run that goes on then is told as {@code evicted} all the same.
     */
    public void close(long millis) {
        shut(millis);
    }

    // ------------------------------------------------------------------ within

    Serves serves() {
        return serves;
    }

    boolean resident() {
        return resident;
    }

    boolean closing() {
        synchronized (lock) {
            return closing;
        }
    }

    long asks(Held held) {
        long number = ids.incrementAndGet();
        asks.put(number, held);
        return number;
    }

    void answered(long number) {
        asks.remove(number);
    }

    /** Whose question the answer is for; null when nobody waits for it any more. */
    Held asked(long number) {
        return asks.remove(number);
    }

    Requests requests() {
        return requests;
    }

    private void shut(long millis) {
        synchronized (lock) {
            if (closing) {
                return;
            }
            closing = true;
        }
        long end = System.nanoTime() + millis * 1000000;
        try {
            runs.end(Threads.exiting(), millis - Math.min(millis / 4, FLUSH));
            Wire now;
            synchronized (lock) {
                now = at ? wire : null;
            }
            if (now != null) {
                now.flushed(Math.max(Math.min(FLUSH, millis), (end - System.nanoTime()) / 1000000));
                runs.cleaned(now, Math.min(FLUSH, millis));
                now.flushed(100);
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            Wire now;
            synchronized (lock) {
                closed = true;
                now = wire;
                lock.notifyAll();
            }
            if (now != null) {
                now.end("closed");
            }
        }
    }

    /** The link's own thread. Nothing that happens here may end it. */
    private void dials() {
        long pause = FIRST_PAUSE;
        long since = System.nanoTime();
        while (true) {
            boolean good = false;
            boolean refused = false;
            boolean ended = false;
            try {
                String why;
                Wire now = new Wire(address.dial(), ids, WELCOME);
                boolean gone;
                synchronized (lock) {
                    wire = now;
                    gone = closed;
                }
                if (gone) {
                    now.end("closed");
                }
                Threads.daemon("anyjob-link-out", now).start();
                try {
                    Session session = new Session(this, now);
                    session.run();
                    good = session.good;
                    refused = session.refused;
                    ended = session.ended;
                    why = now.why();
                } finally {
                    now.end("ended");
                    runs.lost(now);
                    synchronized (lock) {
                        at = false;
                    }
                }
                if (refused) {
                    events.refused(why);
                } else if (ended) {
                    events.ended();
                } else {
                    events.lost(why);
                }
                since = good ? System.nanoTime() : since;
            } catch (IOException error) {
                events.lost("could not be reached: " + error.getMessage());
            } catch (Throwable error) { // out of memory: later it may go better
                events.lost(error.toString());
            }
            if (good) {
                pause = FIRST_PAUSE;
            }
            if (!sleep(refused ? LAST_PAUSE : pause)) {
                return;
            }
            pause = Math.min(LAST_PAUSE, pause * 2);
            if (runs.going() > 0) {
                since = System.nanoTime();
            }
            if (resident && (System.nanoTime() - since) / 1000000 > alone) {
                System.err.println("[anyjob] neither worker nor run for " + alone / 1000 + " s: this JVM ends");
                System.exit(0);
            }
        }
    }

    /** @return false when the link is closed */
    private boolean sleep(long pause) {
        long random = pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
        long end = System.nanoTime() + random * 1000000;
        synchronized (lock) {
            while (!closed) {
                long left = (end - System.nanoTime()) / 1000000;
                if (left <= 0) {
                    return true;
                }
                try {
                    lock.wait(left);
                } catch (InterruptedException nobody) { // the thread is ours alone
                    continue;
                }
            }
            return false;
        }
    }

    /** @param edition of the names that were said; a later one is said now */
    void welcomed(Wire on, int edition, String node, String group) {
        synchronized (lock) {
            at = true;
        }
        if (edition != served.edition()) {
            on.send(served.message("names"));
        }
        events.connected(node, group);
    }

    Served served() {
        return served;
    }

    /** The first message of a connection. */
    Map<String, Object> hello() {
        Map<String, Object> hello = served.message("hello");
        hello.put("protocols", Collections.singletonList(1));
        hello.put("role", "app");
        hello.put("software", software);
        hello.put("job_type", jobType);
        hello.put("token", token);
        hello.put("id", id);
        hello.put("app", app);
        hello.put("runs", runs.names());
        return hello;
    }
}
