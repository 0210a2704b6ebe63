package anyjob.app;

/**
 * What a host implements: how code is found, run and stopped. One object serves all runs, from several threads at once.
 */
public interface Serves {
    /**
     * Whether the run can begin: find the class, the method, the bean. Called in the run's own thread, before {@link #run}; what
     * was found can be kept in {@link Call#keep}. A worker waits 30 seconds for it.
     *
     * @throws Refused it cannot; nothing was begun
     */
    void check(Call call) throws Refused;

    /**
     * Run it, and return when it is over. What is thrown becomes {@link Outcome#thrown}. A run that was asked to stop is
     * told as stopped by the caller, with what was seen of its end.
     *
     * @return never null
     */
    Outcome run(Call call) throws Throwable;

    /**
     * The first step of a stop: ask the code to end, for example by its {@code kill(context)}. Called once, in a thread of
     * its own with a time limit, after {@link Call#stopping} became true and possibly before or beside {@link #check}.
     *
     * @return false when there is nothing to ask: the run's thread is then interrupted at once
     */
    boolean stop(Call call) throws Throwable;
}
