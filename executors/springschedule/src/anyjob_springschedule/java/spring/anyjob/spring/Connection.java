package anyjob.spring;

import anyjob.app.LinkEvents;
import java.time.Duration;
import java.util.Collections;
import java.util.Timer;
import java.util.TimerTask;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/** What becomes of the link: one line when it changes, and methods given back when it has been gone for too long. */
final class Connection implements LinkEvents {
    private static final Log LOG = LogFactory.getLog("anyjob");

    private final Options options;
    private final Methods methods;
    private final Duration release;
    private String said = "";
    private Timer timer;

    Connection(Options options, Methods methods) {
        this.options = options;
        this.methods = methods;
        this.release = options.release();
    }

    @Override
    public synchronized void connected(String node, String group) {
        say("connected", "anyjob: connected to the worker on " + node + " as " + options.name() + " of app group " + group
                + ", with " + methods.count() + " scheduled methods", false);
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    @Override
    public synchronized void ended() {
        say("ended", "anyjob: the worker at " + options.address() + " has ended. It is dialled again and again", false);
        giveBackLater();
    }

    @Override
    public synchronized void lost(String why) {
        if (said.equals("ended")) {
            return; // that nobody answers now is no news
        }
        say("lost", "anyjob: the worker at " + options.address() + ": " + why + ". It is dialled again and again; check that it"
                + " runs and listens there ([worker.apps] listen of its settings)", true);
        giveBackLater();
    }

    @Override
    public synchronized void refused(String why) {
        say("refused", "anyjob: the worker at " + options.address() + " refuses this application: " + why
                + (why.contains("token") ? "; give it the token of its app group as ANYJOB_APP_TOKEN ([worker.apps.tokens] of"
                        + " the worker's settings)" : "") + ". It is asked again and again", true);
        giveBackLater();
    }

    /** The same state is told once, however often it is found. */
    private void say(String state, String text, boolean trouble) {
        if (!state.equals(said)) {
            said = state;
            if (trouble) {
                LOG.warn(text);
            } else {
                LOG.info(text);
            }
        }
    }

    private void giveBackLater() {
        if (release == null || timer != null) {
            return;
        }
        timer = new Timer("anyjob-release", true);
        timer.schedule(new TimerTask() {
            @Override
            public void run() {
                giveBack();
            }
        }, release.toMillis());
    }

    private synchronized void giveBack() {
        if (timer == null) {
            return; // it came back in this moment
        }
        LOG.warn("anyjob: no worker for " + release.getSeconds() + " s; Spring fires its methods itself again");
        methods.take(Collections.<String>emptyList());
    }
}
