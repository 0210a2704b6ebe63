package anyjob.app;

import java.util.concurrent.CountDownLatch;

/** The steps of a stop within the JVM: ask the code by {@link Serves#stop}, then interrupt it. */
final class Ladder {
    private final Call call;
    private final Serves serves;
    private volatile String step = "asked";
    private volatile long stepAt;
    private volatile String notes = "";

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
        Threads.daemon("anyjob-kill-" + call.run(), hook).start();
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

    /** The outcome of code that has returned after a stop was asked for. */
    Outcome told(Outcome outcome) {
        String text = "the code returned " + call.sinceAsked() + " ms after the stop was asked for";
        if (!"asked".equals(step)) {
            text += ", " + (System.nanoTime() - stepAt) / 1000000 + " ms after " + step;
        }
        Outcome told = "out_of_memory".equals(outcome.cause()) ? outcome : outcome.withCause("stopped");
        return told.stopped(step, text + notes);
    }

    /** The outcome of code that has not returned, in a JVM that is ended now. */
    Outcome halted() {
        String text = "the code had not returned " + call.sinceAsked() + " ms after the stop was asked for, so its JVM was ended";
        return Outcome.of("stopped").withStop("halt", text + "; the last step was " + step + notes);
    }
}
