package anyjob.app;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A process for one run: it is told by a file, and answers by one. See "A process for one run" in docs/protocol.md.
 *
 * <p>Whatever the code does, the process ends: threads that it leaves are named in the evidence, {@code System.exit} in the
 * middle is no success, and a heap that is full still gives an outcome.
 */
public final class Own {
    private static final int START_LIMIT = 64 << 20;
    private static final int RESERVE = 512 << 10;
    private static final long HOOKS = 5000; // ms that shutdown hooks of the code may take

    private final Call call;
    private final Serves serves;
    private final Files files;
    private final Ladder ladder;
    private final PrintStream err = System.err;
    private boolean told; // guarded by this
    private volatile byte[] reserve = new byte[RESERVE];
    private volatile Outcome ended;

    private Own(Call call, Serves serves, Files files) {
        this.call = call;
        this.serves = serves;
        this.files = files;
        this.ladder = new Ladder(call, serves);
    }

    /**
     * Do the run whose {@code start.json} lies in the folder, write {@code outcome.json}, end the JVM. It may return, then the JVM
     * ends with the main thread: nothing must come behind it.
     *
     * <p>A folder that holds no run ends the JVM with code 2 and a line on standard error.
     */
    public static void run(String folder, Serves serves) {
        Own own;
        try {
            Map<String, Object> start = started(new File(folder, "start.json"));
            Files files = new Files(new File(folder), System.out);
            Map<String, Object> facts = object(start, "facts");
            own = new Own(new Call((String) start.get("run"), "", facts, object(start, "spec"), files), serves, files);
        } catch (IOException error) {
            System.err.println("[anyjob] " + folder + "/start.json cannot be used: " + error.getMessage());
            System.err.flush();
            Runtime.getRuntime().halt(2);
            return;
        }
        own.go();
    }

    private static Map<String, Object> started(File file) throws IOException {
        if (file.length() > START_LIMIT) {
            throw new IOException("it holds " + file.length() + " bytes, and " + START_LIMIT + " are allowed");
        }
        byte[] bytes = new byte[(int) file.length()];
        InputStream in = new FileInputStream(file);
        try {
            int at = 0;
            while (at < bytes.length) {
                int got = in.read(bytes, at, bytes.length - at);
                if (got < 0) {
                    throw new IOException("it became shorter while it was read");
                }
                at += got;
            }
        } finally {
            in.close();
        }
        Object start;
        try {
            start = Json.parse(new String(bytes, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException error) {
            throw new IOException("it " + error.getMessage());
        }
        if (!(start instanceof Map) || !(((Map<?, ?>) start).get("run") instanceof String)) {
            throw new IOException("it is no start message");
        }
        @SuppressWarnings("unchecked") // the parser makes no others
        Map<String, Object> message = (Map<String, Object>) start;
        return message;
    }

    @SuppressWarnings("unchecked") // the parser makes no others
    private static Map<String, Object> object(Map<String, Object> start, String key) throws IOException {
        Object value = start.get(key);
        if (!(value instanceof Map)) {
            throw new IOException("\"" + key + "\" is no object");
        }
        return (Map<String, Object>) value;
    }

    private void go() {
        Signals.Heard heard = new Signals.Heard() {
            @Override
            public void heard(String signal) {
                stop();
            }
        };
        for (String signal : new String[] {"TERM", "INT", "HUP"}) {
            Signals.on(signal, heard);
        }
        Runtime.getRuntime().addShutdownHook(new Thread("anyjob-exit") {
            @Override
            public void run() {
                exits();
            }
        });
        ThreadGroup group = new ThreadGroup("anyjob-run");
        Thread runs = new Thread(group, "anyjob-run") {
            @Override
            public void run() {
                ended = code();
            }
        };
        runs.start();
        boolean waits = true;
        while (waits) {
            try {
                runs.join();
                waits = false;
            } catch (InterruptedException nobody) { // code that interrupts every thread it finds
                continue;
            }
        }
        finish(group);
    }

    /** In the run's thread. */
    private Outcome code() {
        call.enter();
        call.begins(Thread.currentThread());
        try {
            try {
                serves.check(call);
            } catch (Refused refused) {
                return refused(refused);
            }
            Outcome outcome = serves.run(call);
            return outcome == null ? Outcome.failed("the host gave no outcome") : outcome;
        } catch (Throwable error) {
            return thrown(error);
        } finally {
            call.returned();
            Call.leave(null);
        }
    }

    private Outcome thrown(Throwable error) {
        if (error instanceof OutOfMemoryError) {
            reserve = null;
        }
        try {
            call.log(Outcome.stack(error));
            return Outcome.thrown(error);
        } catch (OutOfMemoryError again) { // other threads of the code fill the heap
            return Outcome.brief(error);
        }
    }

    static Outcome refused(Refused refused) {
        String cause = refused.problems().isEmpty() ? "start_failed" : "bad_config";
        Outcome outcome = Outcome.of(cause).withResult(refused.getMessage());
        for (Map<String, Object> problem : refused.problems()) {
            outcome = outcome.withEvidence(
                    (String) problem.get("field"), "\"" + problem.get("value") + "\": " + problem.get("remedy"));
        }
        return outcome;
    }

    /** In the main thread, after the code has returned. */
    private void finish(ThreadGroup group) {
        try {
            Outcome outcome = ended == null ? Outcome.failed("the run's thread ended without a word") : ended;
            if (call.stopping()) {
                outcome = ladder.told(outcome);
            }
            List<Thread> left = Threads.settled(group, false);
            if (!left.isEmpty()) {
                outcome = outcome.withEvidence("threads", "the code left, and they ended with the JVM, " + Threads.names(left));
            }
            tell(outcome);
        } catch (OutOfMemoryError full) { // other threads of the code still fill the heap
            reserve = null;
            tell(Outcome.brief(full));
        }
        end();
    }

    /** On a signal, in a thread of the JVM. */
    private void stop() {
        if (!call.ask()) {
            return;
        }
        long grace = call.grace();
        try {
            ladder.climb(grace / 2);
            // What is left of the grace is for code that heeds the interrupt; a tenth of it is for the end.
            if (call.await(Math.max(0, grace * 9 / 10 - call.sinceAsked()))) {
                return; // the main thread tells
            }
        } catch (InterruptedException nobody) {
            Thread.currentThread().interrupt();
        }
        if (call.running()) {
            tell(ladder.halted());
            files.close();
            Runtime.getRuntime().halt(0);
        }
    }

    /** In a shutdown hook: who ends this JVM? */
    private void exits() {
        synchronized (this) { // whoever tells now, must have done so before the JVM ends
            if (told) {
                return;
            }
        }
        Threads.Exit exit = Threads.exiting();
        if (exit == null) { // a signal that no handler could be had for
            stop();
            call.ends();
            tell(ladder.told(ended == null ? Outcome.of("stopped") : ended));
            return;
        }
        Outcome outcome = ended == null ? Outcome.failed("System.exit was called at " + exit.from) : ended;
        outcome = outcome.withEvidence("exit", exit.toString());
        if (call.stopping()) {
            outcome = ended == null ? ladder.exited(Outcome.of("stopped").withEvidence("exit", exit.toString()), exit) : ladder.told(outcome);
        }
        tell(outcome);
        files.close();
    }

    /** The first word counts. */
    private synchronized void tell(Outcome outcome) {
        if (told) {
            return;
        }
        told = true;
        try {
            files.flush();
            files.outcome(call.run(), outcome);
        } catch (OutOfMemoryError full) {
            reserve = null;
            again(outcome.withOutputs(null));
        } catch (IllegalArgumentException wrong) { // outputs that JSON cannot carry
            again(Outcome.failed("the outcome cannot be told: " + wrong.getMessage()));
        } catch (IOException error) {
            says("outcome.json could not be written: " + error.getMessage());
            Runtime.getRuntime().halt(1);
        }
    }

    private void again(Outcome outcome) {
        for (int i = 0; i < 50; i++) {
            try {
                files.outcome(call.run(), outcome);
                return;
            } catch (OutOfMemoryError full) { // until a thread of the code has given up its share
                pause();
            } catch (IOException error) {
                break;
            }
        }
        Runtime.getRuntime().halt(1);
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException nobody) {
            Thread.currentThread().interrupt();
        }
    }

    /** For whoever reads the log, past what the code may have made of System.err. */
    private void says(String text) {
        err.println("[anyjob] " + text);
        err.flush();
    }

    private void end() {
        try {
            System.out.flush();
            System.err.flush();
        } catch (Throwable theirs) { // streams of the code's own
            says("the output could not be flushed: " + Outcome.text(theirs));
        }
        files.close();
        Threads.daemon("anyjob-end", new Runnable() {
            @Override
            public void run() {
                try {
                    Thread.sleep(HOOKS);
                } catch (InterruptedException nobody) {
                    Thread.currentThread().interrupt();
                }
                says("shutdown hooks had not ended after " + HOOKS + " ms");
                Runtime.getRuntime().halt(0);
            }
        }).start();
        // Runtime.exit asks for a logger since Java 21, which takes longer than most of this class.
        if (!Threads.left(Threads.top(), false).isEmpty()) {
            System.exit(0);
        }
    }
}
