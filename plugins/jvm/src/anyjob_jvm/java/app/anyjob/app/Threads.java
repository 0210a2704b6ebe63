package anyjob.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Threads of this JVM: ours, those of runs, and what those left behind. */
final class Threads {
    private static final int SHOWN = 10;

    private Threads() {}

    static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(top(), work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Not the group of whoever calls: that may be a run's, and its threads count as left behind. */
    static ThreadGroup top() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null && group.getParent().getParent() != null) {
            group = group.getParent();
        }
        return group;
    }

    /** Living threads of the group that keep a JVM alive, without the calling one. */
    static List<Thread> left(ThreadGroup group) {
        Thread[] all = new Thread[group.activeCount() + 16];
        int count = group.enumerate(all, true);
        List<Thread> left = new ArrayList<Thread>();
        for (int i = 0; i < count; i++) {
            if (!all[i].isDaemon() && all[i].isAlive() && all[i] != Thread.currentThread()) {
                left.add(all[i]);
            }
        }
        return left;
    }

    static String names(List<Thread> threads) {
        StringBuilder made = new StringBuilder();
        for (int i = 0; i < threads.size() && i < SHOWN; i++) {
            made.append(i == 0 ? "" : ", ").append(threads.get(i).getName());
        }
        return threads.size() > SHOWN ? made + " and " + (threads.size() - SHOWN) + " more" : made.toString();
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
                found = new Exit(entry.getKey(), from < stack.length ? stack[from].toString() : "native code");
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
    }
}
