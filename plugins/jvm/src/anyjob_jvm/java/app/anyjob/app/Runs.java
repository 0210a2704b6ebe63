package anyjob.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The runs that a link holds. */
final class Runs {
    private static final int OVER = 5000; // runs whose outcome no worker has fetched

    private final Link link;
    private final long bytes = Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 8);
    private final LinkedHashMap<String, Held> held = new LinkedHashMap<String, Held>(); // guarded by this
    private volatile String exits; // who ends this JVM
    private volatile byte[] reserve = new byte[256 << 10];

    Runs(Link link) {
        this.link = link;
    }

    synchronized Held get(String run) {
        return held.get(run);
    }

    synchronized void remove(String run) {
        Held gone = held.remove(run);
        if (gone != null) {
            gone.forget();
            notifyAll();
        }
    }

    synchronized List<String> names() {
        return new ArrayList<String>(held.keySet());
    }

    private synchronized List<Held> all() {
        return new ArrayList<Held>(held.values());
    }

    int going() {
        int going = 0;
        for (Held one : all()) {
            going += one.over() ? 0 : 1;
        }
        return going;
    }

    void lost(Wire wire) {
        for (Held one : all()) {
            one.lost(wire);
        }
    }

    // ------------------------------------------------------------------ a run's way

    /** Begin a run that is not held. Answered by its own thread. */
    void start(String run, Map<String, Object> message, Starter starter) {
        // Groups of ended runs stay in their parent before Java 19, so that an application that lives on has none of them.
        ThreadGroup group = link.resident() ? new ThreadGroup(Threads.top(), "anyjob-run-" + run) : Threads.top();
        final Held one = new Held(run, link, Requests.object(message, "secrets"), group);
        Object name = message.get("name");
        Call call = new Call(
                run, name instanceof String ? (String) name : "", Requests.object(message, "facts"),
                Requests.object(message, "spec"), one);
        one.call = call;
        one.ladder = new Ladder(call, link.serves());
        one.starter = starter;
        synchronized (this) {
            held.put(run, one);
        }
        try {
            Thread thread = new Thread(group, new Runnable() {
                @Override
                public void run() {
                    runs(one);
                }
            }, "anyjob-run-" + run);
            thread.setDaemon(true);
            thread.start();
        } catch (Throwable error) { // no more threads, or no memory for one
            remove(run);
            starter.refuse(new Refused("no thread for it: " + error));
        }
    }

    private void runs(Held one) {
        Call call = one.call;
        Outcome outcome = null;
        call.enter();
        call.begins(Thread.currentThread());
        try {
            if (begins(one)) {
                outcome = link.serves().run(call);
                outcome = outcome == null ? Outcome.failed("the host gave no outcome") : outcome;
            }
        } catch (Throwable error) {
            outcome = thrown(call, error);
        } finally {
            call.returned();
            Call.leave(null);
        }
        if (outcome != null) {
            ends(one, outcome);
        }
        call.ends();
    }

    /** @return whether the check let it begin; else it has been told, and is not held any more */
    private boolean begins(Held one) {
        Refused refused;
        try {
            link.serves().check(one.call);
            one.starter.begun(one);
            return true;
        } catch (Refused theirs) {
            refused = theirs;
        } catch (Throwable error) {
            refused = new Refused("its check threw " + Outcome.text(error));
        }
        if (one.abandon()) {
            remove(one.call.run());
            one.starter.refuse(refused);
        } else {
            one.ends(Own.refused(refused));
        }
        return false;
    }

    private Outcome thrown(Call call, Throwable error) {
        if (error instanceof OutOfMemoryError) {
            reserve = null;
        }
        try {
            call.log((Outcome.stack(error)).getBytes("UTF-8"));
            return Outcome.thrown(error);
        } catch (Throwable again) {
            return Outcome.brief(error);
        }
    }

    private void ends(Held one, Outcome outcome) {
        Outcome told = outcome;
        boolean retire = false;
        try {
            if (one.call.stopping()) {
                told = one.ladder.told(told);
            }
            if (link.closing() && !one.call.stopping() && "interrupt".equals(one.ladder.step())) {
                told = closed(told);
            }
            if (link.resident()) {
                List<Thread> left = Threads.settled(one.group, true);
                if (!left.isEmpty()) {
                    retire = true;
                    told = told.withEvidence("threads", "the code left, and they go on in the JVM, " + Threads.names(left));
                }
            }
            one.ends(told, retire);
        } catch (OutOfMemoryError full) {
            reserve = null;
            one.ends(Outcome.brief(full));
        }
        if (reserve == null) {
            restock();
        }
        forgetOld();
    }

    private void restock() {
        try {
            reserve = new byte[256 << 10];
        } catch (OutOfMemoryError still) { // then the next one does without
            return;
        }
    }

    /** Outcomes that nobody fetches must not fill the memory: the oldest go. */
    private void forgetOld() {
        List<Held> all = all();
        long sum = 0;
        int over = 0;
        for (int i = all.size() - 1; i >= 0; i--) {
            Held one = all.get(i);
            if (!one.over()) {
                continue;
            }
            sum += one.size();
            over++;
            if (over > OVER || (sum > bytes && over > 1)) {
                remove(one.call.run());
            }
        }
    }

    // ------------------------------------------------------------------ stops

    void stop(final Held one, boolean force) {
        final Call call = one.call;
        if (call.ask()) {
            final long patience = force ? 0 : call.grace() / 2;
            try {
                Threads.daemon("anyjob-stop-" + call.run(), new Runnable() {
                    @Override
                    public void run() {
                        try {
                            one.ladder.climb(patience);
                        } catch (InterruptedException nobody) {
                            one.ladder.interrupt();
                        }
                    }
                }).start();
            } catch (OutOfMemoryError full) {
                one.ladder.interrupt();
            }
        } else if (force) {
            one.ladder.interrupt();
        }
    }

    /** The application goes away. */
    void end(Threads.Exit exit, long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1000000;
        List<Held> all = all();
        Held caller = null;
        for (Held one : all) {
            caller = exit != null && of(one, exit.thread) ? one : caller;
        }
        exits = exit == null ? null : (caller == null ? "" : "run " + caller.call.run() + ": ") + exit + ", which ended this JVM";
        for (Held one : all) {
            if (one == caller) {
                String result = "System.exit was called at " + exit.from;
                one.ends(one.call.stopping() ? one.ladder.exited(told(Outcome.of("stopped")), exit) : told(Outcome.failed(result)));
            }
        }
        for (Held one : all) {
            if (!one.over()) {
                one.ladder.interrupt();
            }
        }
        for (Held one : all) {
            // A run that closes its own link cannot be waited for.
            long left = one.call.runsIn(Thread.currentThread()) ? 0 : (end - System.nanoTime()) / 1000000;
            if (!one.over() && !one.call.await(Math.max(0, left))) {
                one.ends(told(Outcome.of("evicted").withResult("the application ended while the code was running").withRetry(true, null)));
            }
        }
        for (Held one : all) {
            while (!one.over() && System.nanoTime() < end) {
                Thread.sleep(1); // it has returned, and its thread is about to tell
            }
        }
    }

    /** Wait until the worker has taken all outcomes, at most so long. */
    void cleaned(Wire wire, long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1000000;
        synchronized (this) {
            while (!held.isEmpty() && !wire.closed()) {
                long left = (end - System.nanoTime()) / 1000000;
                if (left <= 0) {
                    return;
                }
                wait(Math.min(left, 50)); // a connection that ends wakes nobody here
            }
        }
    }

    private boolean of(Held one, Thread thread) {
        ThreadGroup group = thread.getThreadGroup();
        return one.call.runsIn(thread) || one.ladder.killsIn(thread) || (link.resident() && group != null && one.group.parentOf(group));
    }

    private Outcome closed(Outcome outcome) {
        String then = "the code then ended as " + outcome.cause() + ": " + Outcome.cut(outcome.result(), 1000);
        return told(Outcome.of("evicted").withResult("the application ended and interrupted the code").withEvidence("app", then).withRetry(true, null));
    }

    /** With who ends the application, where that is code. */
    private Outcome told(Outcome outcome) {
        String who = exits;
        return who == null ? outcome : outcome.withEvidence("exit", who);
    }

    /** Whom the start of a run is answered. */
    static final class Starter {
        final Wire wire;
        private final List<Long> ids = new ArrayList<Long>(); // guarded by this
        private boolean begun;

        Starter(Wire wire, long id) {
            this.wire = wire;
            ids.add(id);
        }

        /** The same start again. */
        synchronized void again(Held one, Wire on, long id) {
            if (begun) {
                one.tellTo(on, -1, id);
            } else if (on == wire) {
                ids.add(id);
            } else {
                Requests.error(on, id, "its start is still being checked", null);
            }
        }

        synchronized void begun(Held one) {
            begun = true;
            for (long id : ids) {
                Requests.ok(wire, id, null);
            }
            one.tellFirst(wire);
        }

        synchronized void refuse(Refused refused) {
            for (long id : ids) {
                Requests.error(wire, id, refused.getMessage(), refused.problems());
            }
        }
    }
}
