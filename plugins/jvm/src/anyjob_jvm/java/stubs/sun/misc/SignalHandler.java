package sun.misc;

/** See Signal. */
public interface SignalHandler {
    void handle(Signal signal);
}
