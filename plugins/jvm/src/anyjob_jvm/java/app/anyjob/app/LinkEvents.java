package anyjob.app;

/** What becomes of a link, for a host that wants to say it. Called in the link's own thread; must not block. */
public interface LinkEvents {
    /** A worker has welcomed this application. @param node the worker's node @param group the app group of the token */
    void connected(String node, String group);

    /** The connection has ended; it is dialled again. Also for every dial that nobody answers. */
    void lost(String why);

    /** The worker has ended in good order, as one of a single job does. It is dialled again. */
    default void ended() {
        lost("the worker has ended");
    }

    /** The worker refuses this application: the token, the version, the job type. It is asked again after a pause. */
    void refused(String why);
}
