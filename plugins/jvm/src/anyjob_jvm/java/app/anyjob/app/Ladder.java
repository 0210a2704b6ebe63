package anyjob.app;

import java.util.concurrent.CountDownLatch;

/** The steps of a stop within the JVM: ask the code by {@link Serves#stop}, then interrupt it. */
final class Ladder {
    private final Call call;
    private final Serves serves;
    private volatile String step = "asked";
    private volatile long stepAt;
    private volatile String notes = "";
    private volatile Thread kills;

    Ladder(Call call, Serves serves) {
        this.call = call;
        this.serves = serves;
    }

    /** The last step taken: {@code asked}, {@code kill}, {@code interrupt}. */
    String step() {
        return step;
    }

    /** All of it, in the calling thread. Returns when the code has returned, or was interrupted. */
    void climb(long patience) throws InterruptedException {
        if (asked(patience)) {
            long left = patience - call.sinceAsked();
            if (call.await(Math.max(0, left))) {
                return;
            }
        }
        interrupt();
    }

    /** Interrupt the code, whatever step was before. */
    void interrupt() {
        // Said before it is done: the code may return, and its outcome be told, within the call.
        String before = step;
        long beforeAt = stepAt;
        takes("interrupt");
        if (!call.interrupt()) {
            step = before;
            stepAt = beforeAt;
        }
    }

    /** @return whether there was something to ask, so that the code deserves some time */
    private boolean asked(long patience) throws InterruptedException {
        final boolean[] has = {false};
        final CountDownLatch done = new CountDownLatch(1);
        Runnable hook = new Runnable() {
            @Override
            public void run() {
                call.enter();
                try {
                    has[0] = serves.stop(call);
                } catch (Throwable error) {
                    note("kill threw " + Outcome.text(error));
                    call.log("[anyjob] kill threw " + Outcome.stack(error));
                } finally {
                    Call.leave(null);
                    done.countDown();
                }
            }
        };
        takes("kill");
        kills = Threads.daemon("anyjob-kill-" + call.run(), hook);
        kills.start();
        long end = System.nanoTime() + patience * 1000000;
        // The code may end while its kill is still at work: then nothing is to wait for.
        while (done.getCount() > 0 && System.nanoTime() < end) {
            if (call.await(0)) {
                return true;
            }
            done.await(2, java.util.concurrent.TimeUnit.MILLISECONDS);
        }
        if (done.getCount() > 0) {
            if (patience > 0) {
                note("kill has not returned within " + patience + " ms");
            }
            return false;
        }
        if (!has[0]) {
            takes("asked");
        }
        return has[0];
    }

    private void takes(String next) {
        stepAt = System.nanoTime();
        step = next;
    }

    private synchronized void note(String text) {
        notes = notes + "; " + text;
    }

    /** Whether it is the thread that calls the code's {@code kill}. */
    boolean killsIn(Thread thread) {
        return thread == kills;
    }

    /** The outcome of code that has returned after a stop was asked for. */
    Outcome told(Outcome outcome) {
        String last = "asked".equals(step) ? "the stop was asked for" : step;
        long after = "asked".equals(step) ? call.sinceAsked() : (System.nanoTime() - stepAt) / 1000000;
        String text = "the code returned " + call.sinceAsked() + " ms after the stop was asked for";
        if (!"asked".equals(step)) {
            text += ", " + after + " ms after " + step;
        }
        // That one came after the other is no proof that it came of it: only an exception tells what it is for.
        String by = "the code's return " + after + " ms after " + last;
        String heeded = "interrupt".equals(step) ? outcome.heeded() : null;
        if (heeded != null) {
            by = step;
            text += ", by " + heeded;
        }
        return stopped(outcome).stopped(by, text + notes);
    }

    /** The outcome of code that had not returned when somebody called {@code System.exit}. */
    Outcome exited(Outcome outcome, Threads.Exit exit) {
        String by = killsIn(exit.thread) ? "System.exit in kill" : "System.exit";
        String text = "the JVM was ended by " + by + ", at " + exit.from + ", " + call.sinceAsked()
                + " ms after the stop was asked for; the code had not returned";
        return stopped(outcome).stopped(by, text + notes);
    }

    /** As what it ended goes into the evidence, where nothing else says it. */
    private static Outcome stopped(Outcome outcome) {
        if ("out_of_memory".equals(outcome.cause())) {
            return outcome;
        }
        Outcome told = outcome.withCause("stopped");
        if (outcome.threw() || "stopped".equals(outcome.cause())) {
            return told;
        }
        String text = outcome.result().isEmpty() ? "" : ": " + Outcome.cut(outcome.result(), 1000);
        return told.withEvidence("app", "the code ended as " + outcome.cause() + text);
    }

    /** The outcome of code that has not returned, in a JVM that is ended now. */
    Outcome halted() {
        String text = "the code had not returned " + call.sinceAsked() + " ms after the stop was asked for, so its JVM was ended";
        return Outcome.of("stopped").withStop("halt", text + "; the last step was " + step + notes);
    }
}
