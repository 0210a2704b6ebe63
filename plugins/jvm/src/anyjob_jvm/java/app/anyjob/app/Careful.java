package anyjob.app;

/** A listener whose faults are its own: what it throws is no reason to stay away from a worker. */
final class Careful implements LinkEvents {
    private final LinkEvents events;

    /** @param events may be null */
    Careful(LinkEvents events) {
        this.events = events;
    }

    @Override
    public void connected(String node, String group) {
        if (events == null) {
            return;
        }
        try {
            events.connected(node, group);
        } catch (Throwable theirs) {
            return;
        }
    }

    @Override
    public void lost(String why) {
        if (events == null) {
            return;
        }
        try {
            events.lost(why);
        } catch (Throwable theirs) {
            return;
        }
    }

    @Override
    public void ended() {
        if (events == null) {
            return;
        }
        try {
            events.ended();
        } catch (Throwable theirs) {
            return;
        }
    }

    @Override
    public void refused(String why) {
        if (events == null) {
            return;
        }
        try {
            events.refused(why);
        } catch (Throwable theirs) {
            return;
        }
    }
}
