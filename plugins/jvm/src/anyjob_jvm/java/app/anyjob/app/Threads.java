package anyjob.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Threads of this JVM: ours, those of runs, and what those left behind. */
final class Threads {
    private static final int SHOWN = 10;
    private static final long SETTLES = 100; // ms in which threads that are about to end may do so

    private Threads() {}

    static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(top(), work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** 128 random bits as text, without the start-up cost of SecureRandom where the system has a device for them. */
    static String random() {
        byte[] bytes = new byte[16];
        try {
            java.io.DataInputStream in = new java.io.DataInputStream(new java.io.FileInputStream("/dev/urandom"));
            try {
                in.readFully(bytes);
            } finally {
                in.close();
            }
        } catch (java.io.IOException none) {
            new java.security.SecureRandom().nextBytes(bytes);
        }
        StringBuilder made = new StringBuilder();
        for (byte one : bytes) {
            made.append(Character.forDigit((one >> 4) & 15, 16)).append(Character.forDigit(one & 15, 16));
        }
        return made.toString();
    }

    /** Not the group of whoever calls: that may be a run's, and its threads count as left behind. */
    static ThreadGroup top() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null && group.getParent().getParent() != null) {
            group = group.getParent();
        }
        return group;
    }

    /** Living threads of the group without the calling one; {@code all}: also those that keep no JVM alive. */
    static List<Thread> left(ThreadGroup group, boolean all) {
        Thread[] found = new Thread[group.activeCount() + 16];
        int count = group.enumerate(found, true);
        List<Thread> left = new ArrayList<Thread>();
        for (int i = 0; i < count; i++) {
            if ((all || !found[i].isDaemon()) && found[i].isAlive() && found[i] != Thread.currentThread()) {
                left.add(found[i]);
            }
        }
        return left;
    }

    /** Those that are about to end get some time for it. */
    static List<Thread> settled(ThreadGroup group, boolean all) {
        long until = System.nanoTime() + SETTLES * 1000000;
        List<Thread> left = left(group, all);
        while (!left.isEmpty() && System.nanoTime() < until) {
            try {
                Thread.sleep(5);
            } catch (InterruptedException nobody) { // code that interrupts every thread it finds
                continue;
            }
            left = left(group, all);
        }
        return left;
    }

    /** Names, and where each stands. */
    static String names(List<Thread> threads) {
        StringBuilder made = new StringBuilder(threads.size() == 1 ? "1 thread: " : threads.size() + " threads: ");
        for (int i = 0; i < threads.size() && i < SHOWN; i++) {
            StackTraceElement[] stack = threads.get(i).getStackTrace();
            made.append(i == 0 ? "" : ", ").append(threads.get(i).getName());
            if (stack.length > 0) {
                made.append(" (at ").append(at(stack[0])).append(")");
            }
        }
        return threads.size() > SHOWN ? made + " and " + (threads.size() - SHOWN) + " more" : made.toString();
    }

    /** A place without its loader and module. */
    private static String at(StackTraceElement frame) {
        String line = frame.getLineNumber() > 0 ? ":" + frame.getLineNumber() : "";
        String file = frame.getFileName() == null ? "" : "(" + frame.getFileName() + line + ")";
        return frame.getClassName() + "." + frame.getMethodName() + file;
    }

    /**
     * The thread that stands in {@code Runtime.exit}, and where it was called from; null when there is none. The code that it
     * was given cannot be seen.
     */
    static Exit exiting() {
        Exit found = null;
        for (Map.Entry<Thread, StackTraceElement[]> entry : Thread.getAllStackTraces().entrySet()) {
            StackTraceElement[] stack = entry.getValue();
            for (int i = 0; i < stack.length; i++) {
                boolean exits = "java.lang.Runtime".equals(stack[i].getClassName()) && "exit".equals(stack[i].getMethodName());
                if (!exits) {
                    continue;
                }
                int from = i + 1;
                if (from < stack.length && "java.lang.System".equals(stack[from].getClassName())) {
                    from++;
                }
                found = new Exit(entry.getKey(), from < stack.length ? at(stack[from]) : "native code");
                break;
            }
        }
        return found;
    }

    static final class Exit {
        final Thread thread;
        final String from;

        Exit(Thread thread, String from) {
            this.thread = thread;
            this.from = from;
        }

        @Override
        public String toString() {
            return "thread " + thread.getName() + " called System.exit at " + from;
        }
    }
}
