package sun.misc;

/** As much of the JDK's class as is compiled against: `--release` hides it, every JVM since 1.2 has it. */
public final class Signal {
    public Signal(String name) {}

    public static native SignalHandler handle(Signal signal, SignalHandler handler);
}
