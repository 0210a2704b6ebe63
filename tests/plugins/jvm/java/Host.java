import anyjob.app.Call;
import anyjob.app.Handles;
import anyjob.app.Link;
import anyjob.app.LinkEvents;
import anyjob.app.Outcome;
import anyjob.app.Output;
import anyjob.app.Own;
import anyjob.app.Refused;
import anyjob.app.Serves;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A host for tests: what a run does is told by spec.do. */
public final class Host implements Serves {
    static final List<byte[]> HEAP = new ArrayList<byte[]>();
    static final Map<String, CountDownLatch> GATES = new ConcurrentHashMap<String, CountDownLatch>();

    public static void main(String[] args) throws Exception {
        String app = System.getenv("ANYJOB_APP");
        if (app.startsWith("files:")) {
            Own.run(app.substring(6), new Host());
            return;
        }
        if (!Arrays.asList(args).contains("plain")) {
            Output.install(StandardCharsets.UTF_8);
        }
        for (String arg : args) {
            if (arg.startsWith("alone=")) {
                shorten("Link", "alone", Long.parseLong(arg.substring(6)));
            } else if (arg.startsWith("silence=")) {
                shorten("Session", "silence", Long.parseLong(arg.substring(8)));
            }
        }
        final Link link = Link.to(app).token(System.getenv("ANYJOB_APP_TOKEN")).jobType("test").app("test host").software("host 1")
                .resident(Arrays.asList(args).contains("resident"))
                .events(new LinkEvents() {
                    @Override
                    public void connected(String node, String group) {
                        System.err.println("event connected " + node + " " + group);
                    }

                    @Override
                    public void lost(String why) {
                        System.err.println("event lost " + why);
                    }

                    @Override
                    public void ended() {
                        System.err.println("event ended");
                    }

                    @Override
                    public void refused(String why) {
                        System.err.println("event refused " + why);
                    }
                });
        link.handle("take", new Handles() {
            @Override
            public Map<String, ?> handle(Map<String, Object> message) throws Refused {
                if (message.get("names") == null) {
                    throw new Refused("names", "null", "name some");
                }
                return Collections.singletonMap("taken", message.get("names"));
            }
        });
        link.handle("announce", new Handles() {
            @Override
            public Map<String, ?> handle(Map<String, Object> message) {
                link.names(Arrays.asList("a", "late"), Collections.singletonMap("late", "new"));
                return null;
            }
        });
        link.handle("close", new Handles() {
            @Override
            public Map<String, ?> handle(Map<String, Object> message) {
                new Thread("closes") {
                    @Override
                    public void run() {
                        link.close(3000);
                    }
                }.start();
                return null;
            }
        });
        link.handle("open", new Handles() {
            @Override
            public Map<String, ?> handle(Map<String, Object> message) {
                gate((String) message.get("gate")).countDown();
                return null;
            }
        });
        link.names(Collections.singletonList("a"), Collections.singletonMap("a", "first"));
        if (Arrays.asList(args).contains("many")) {
            Map<String, String> many = new LinkedHashMap<String, String>();
            for (int i = 0; i < 1500; i++) {
                many.put("name " + i, new String(new char[1000]).replace('\0', 'd'));
            }
            link.names(many.keySet(), many);
        }
        link.serve(new Host());
        if (Arrays.asList(args).contains("soon")) {
            Thread.sleep(500);
            link.names(Arrays.asList("a", "soon"), Collections.<String, Object>emptyMap());
        }
        if (Arrays.asList(args).contains("ends")) {
            return; // an application whose own work is done
        }
        if (Arrays.asList(args).contains("resident")) {
            link.await();
        }
        System.in.read(); // the test's end of the pipe
        System.exit(0);
    }

    /** Times of a minute, for a test that will not wait so long. */
    private static void shorten(String where, String name, long millis) throws ReflectiveOperationException {
        java.lang.reflect.Field field = Class.forName("anyjob.app." + where).getDeclaredField(name);
        field.setAccessible(true);
        field.setLong(null, millis);
    }

    static CountDownLatch gate(String name) {
        CountDownLatch made = new CountDownLatch(1);
        CountDownLatch had = GATES.putIfAbsent(name, made);
        return had == null ? made : had;
    }

    private static String what(Call call) {
        return String.valueOf(call.spec().get("do"));
    }

    @Override
    public void check(Call call) throws Refused {
        if ("refuse".equals(what(call))) {
            throw new Refused("ClassName", "demo.X", "is not on the class path; add it").and("XAttrs.x", "1", "is odd");
        }
        if ("refuse late".equals(what(call))) {
            try {
                gate((String) call.spec().get("gate")).await();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
            throw new Refused("ClassName", "demo.X", "is gone by now");
        }
        if ("check throws".equals(what(call))) {
            throw new IllegalStateException("no check today");
        }
    }

    @Override
    public boolean stop(Call call) throws Exception {
        String kill = String.valueOf(call.spec().get("kill"));
        if ("flag".equals(kill)) {
            gate("kill " + call.run()).countDown();
            return true;
        }
        if ("blocks".equals(kill)) {
            Thread.sleep(3600000);
        }
        if ("exits".equals(kill)) {
            System.exit(0);
        }
        if ("throws".equals(kill)) {
            throw new IllegalStateException("no kill today");
        }
        return false;
    }

    @Override
    public Outcome run(Call call) throws Throwable {
        if (Call.current() != call) {
            return Outcome.failed("Call.current is another run");
        }
        Map<String, Object> spec = call.spec();
        switch (what(call)) {
            case "echo":
                return Outcome.succeeded(String.valueOf(spec.get("text")));
            case "facts":
                return Outcome.succeeded(call.text("parameters")).withOutputs(new LinkedHashMap<String, Object>(call.facts()))
                        .withEvidence("secret", String.valueOf(call.secret("db"))).withEvidence("name", call.name());
            case "throw":
                throw new IllegalStateException("boom \u4e2d");
            case "overflow":
                return deep(0);
            case "static":
                return Outcome.succeeded(Broken.VALUE);
            case "null":
                return null;
            case "outputs":
                return Outcome.succeeded("x").withOutputs(Collections.singletonMap("thing", new Object()));
            case "oom":
                while (true) {
                    HEAP.add(new byte[1 << 16]);
                }
            case "oom small":
                while (true) {
                    chain = new Object[] {chain}; // to the last 24 bytes
                }
            case "oom said":
                throw new OutOfMemoryError((String) spec.get("text"));
            case "exit":
                System.exit(((Long) spec.get("code")).intValue());
                return null;
            case "exit elsewhere":
                Thread thread = new Thread("user-thread") {
                    @Override
                    public void run() {
                        System.exit(4);
                    }
                };
                thread.start();
                Thread.sleep(60000);
                return null;
            case "halt":
                Runtime.getRuntime().halt(9);
                return null;
            case "threads":
                ExecutorService pool = Executors.newFixedThreadPool(2);
                for (int i = 0; i < 2; i++) {
                    pool.submit(new Runnable() {
                        @Override
                        public void run() {
                            System.out.println("from a pool");
                            sleep(3600000);
                        }
                    });
                }
                Thread.sleep(50);
                return Outcome.succeeded("left a pool");
            case "hook":
                Runtime.getRuntime().addShutdownHook(new Thread() {
                    @Override
                    public void run() {
                        Host.sleep(3600000);
                    }
                });
                return Outcome.succeeded("hooked");
            case "sleep":
                if ("flag".equals(spec.get("kill"))) {
                    System.out.println("waiting");
                    gate("kill " + call.run()).await();
                    return Outcome.succeeded("killed softly");
                }
                System.out.println("sleeping");
                Thread.sleep(3600000);
                return null;
            case "gate":
                System.out.println("before the gate");
                gate((String) spec.get("gate")).await();
                System.out.println("behind the gate");
                return Outcome.succeeded("through");
            case "swallow":
                System.out.println("swallowing");
                do { // once at least: the stop may come before it has begun
                    try {
                        Thread.sleep(100000);
                    } catch (InterruptedException swallowed) {
                        System.out.println("interrupted");
                    }
                } while (!call.stopping() || !Boolean.TRUE.equals(spec.get("ends")));
                return Outcome.succeeded("swallowed");
            case "spin":
                System.out.println("spinning");
                while (!call.stopping()) {
                    Thread.yield();
                }
                return Outcome.succeeded("saw it");
            case "deadlock":
                final Object one = new Object();
                final CountDownLatch held = new CountDownLatch(1);
                Thread holder = new Thread() {
                    @Override
                    public void run() {
                        synchronized (one) {
                            held.countDown();
                            Host.sleep(3600000);
                        }
                    }
                };
                holder.setDaemon(true);
                holder.start();
                held.await();
                System.out.println("locked");
                synchronized (one) {
                    return null;
                }
            case "flood":
                long count = (Long) spec.get("lines");
                for (long i = 0; i < count; i++) {
                    System.out.println("line " + i);
                }
                return Outcome.succeeded("flooded");
            case "slow lines":
                for (long i = 0; i < (Long) spec.get("lines"); i++) {
                    System.out.println("line " + i);
                    Thread.sleep(1);
                }
                return Outcome.succeeded("done");
            case "bytes":
                call.log(new byte[] {(byte) 0xff, 0, '\n'});
                return Outcome.succeeded("");
            case "work":
                for (int i = 1; i <= 3; i++) {
                    call.progress(i, 3);
                }
                call.map(Arrays.asList(1, "two", Collections.singletonMap("x", 3)), "page", "k");
                return Outcome.succeeded("mapped");
            case "map":
                char[] big = new char[((Long) spec.get("size")).intValue()];
                Arrays.fill(big, 'x');
                try {
                    call.map(Collections.singletonList(new String(big)), "page", "k");
                } catch (java.io.IOException refused) {
                    return Outcome.failed("map: " + refused.getMessage());
                }
                return Outcome.succeeded("mapped");
            case "checkpoint":
                Object before = call.saved();
                try {
                    call.checkpoint(Collections.singletonMap("row", 5));
                } catch (java.io.IOException refused) {
                    return Outcome.failed("checkpoint: " + refused.getMessage());
                }
                return Outcome.succeeded("saved " + before + " then " + call.saved());
            case "result":
                char[] text = new char[((Long) spec.get("size")).intValue()];
                Arrays.fill(text, 'r');
                return Outcome.succeeded(new String(text));
            case "interrupted":
                return Outcome.succeeded("" + Thread.currentThread().isInterrupted());
            case "closed streams":
                System.out.close();
                System.setErr(null);
                return Outcome.succeeded("closed");
            default:
                return Outcome.failed("the test host knows no " + what(call));
        }
    }

    static Object[] chain;

    static final class Broken {
        static final String VALUE = make();

        private static String make() {
            throw new IllegalArgumentException("bad static");
        }
    }

    private static Outcome deep(int level) {
        Outcome made = deep(level + 1);
        return made.withCode(level);
    }

    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
