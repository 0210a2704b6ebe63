package anyjob.app;

import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Handlers of signals, by {@code sun.misc.Signal} where this JVM has it: it is no part of Java's specification. Not by a proxy: to
 * make one takes half of a JVM's start.
 */
final class Signals {
    private Signals() {}

    interface Heard {
        void heard(String signal);
    }

    /** @return false when this JVM has no such handlers, or leaves this signal to others (-Xrs) */
    static boolean on(String name, Heard heard) {
        try {
            Direct.on(name, heard);
            return true;
        } catch (IllegalArgumentException taken) {
            return false;
        } catch (LinkageError none) {
            return false;
        }
    }

    /** Apart, so that only its use links the JDK's class. */
    private static final class Direct {
        static void on(final String name, final Heard heard) {
            Signal.handle(new Signal(name), new SignalHandler() {
                @Override
                public void handle(Signal signal) {
                    heard.heard(name);
                }
            });
        }
    }
}
