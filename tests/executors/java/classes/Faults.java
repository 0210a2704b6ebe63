package demo;

IMPORTS
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Ways to go wrong. */
public final class Faults {
    private static final List<byte[]> HELD = new ArrayList<byte[]>();

    private Faults() {}

    public static class Constructor extends JavaProcessor {
        public Constructor() {
            throw new IllegalStateException("no database");
        }
    }

    public static class Initialiser extends JavaProcessor {
        private static final int NUMBER = Integer.parseInt("many");

        @Override
        public ProcessResult process(JobContext context) {
            return new ProcessResult(true, "" + NUMBER);
        }
    }

    public static class Argument extends JavaProcessor {
        public Argument(String argument) {
            System.out.println(argument);
        }
    }

    public abstract static class Abstract extends JavaProcessor {
    }

    public static class NoProcessor {
    }

    public static class Exits extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.exit(Integer.parseInt(context.getJobParameters()));
            return new ProcessResult(true);
        }
    }

    public static class Halts extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            Runtime.getRuntime().halt(0);
            return new ProcessResult(true);
        }
    }

    public static class Memory extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            while (true) {
                HELD.add(new byte[1 << 20]);
            }
        }
    }

    public static class Threads extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            for (int i = 0; i < 2; i++) {
                Thread thread = new Thread("worker-" + i) {
                    @Override
                    public void run() {
                        try {
                            Thread.sleep(600000);
                        } catch (InterruptedException end) {
                            return;
                        }
                    }
                };
                thread.start();
            }
            return new ProcessResult(true, "done");
        }
    }

    public static class Deadlock extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            final Object one = new Object();
            final Object other = new Object();
            final CountDownLatch both = new CountDownLatch(2);
            Thread second = new Thread("second") {
                @Override
                public void run() {
                    take(other, one, both);
                }
            };
            second.start();
            take(one, other, both);
            return new ProcessResult(true);
        }

        private static void take(Object first, Object second, CountDownLatch both) {
            synchronized (first) {
                both.countDown();
                try {
                    both.await();
                } catch (InterruptedException end) {
                    return;
                }
                synchronized (second) {
                    System.out.println("never");
                }
            }
        }
    }

    public static class Crashes extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            java.lang.reflect.Field field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
            field.setAccessible(true);
            Object unsafe = field.get(null);
            unsafe.getClass().getMethod("putLong", long.class, long.class).invoke(unsafe, 8L, 1L);
            return new ProcessResult(true);
        }
    }

    public static class Floods extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            for (int i = 0; i < 250000; i++) {
                System.out.println("0123456789abcde");
            }
            return new ProcessResult(true);
        }
    }

    public static class Waits extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            System.out.println("ready");
            Thread.sleep(context.getJobParameters().isEmpty() ? 2000 : Long.parseLong(context.getJobParameters()));
            return new ProcessResult(true, "survived");
        }
    }
}
