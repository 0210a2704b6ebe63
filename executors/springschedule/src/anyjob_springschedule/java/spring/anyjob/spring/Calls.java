package anyjob.spring;

import anyjob.app.Call;
import anyjob.app.Outcome;
import anyjob.app.Refused;
import anyjob.app.Serves;
import java.util.concurrent.CancellationException;

/** Runs as calls of @Scheduled methods. */
final class Calls implements Serves {
    private final Methods methods;

    Calls(Methods methods) {
        this.methods = methods;
    }

    @Override
    public void check(Call call) throws Refused {
        try {
            ScheduledMethod method = methods.find(asked(call, "className"), asked(call, "method"), asked(call, "bean"));
            call.keep(new Invocation(method, !"proxy".equals(asked(call, "async"))));
        } catch (NotServed not) {
            throw new Refused(not.field, not.value, not.remedy);
        }
    }

    @Override
    public Outcome run(Call call) throws Throwable {
        Invocation invocation = (Invocation) call.kept();
        methods.begin(invocation.scheduled());
        try {
            Outcome outcome = Returned.outcome(invocation.call());
            return invocation.endUnseen() ? outcome.withEvidence("async",
                    "the method is @Async and gives nothing to wait for: its executor has it, and nobody saw its work end")
                    : outcome;
        } catch (InterruptedException | CancellationException stop) {
            if (!invocation.cancelled()) {
                throw stop;
            }
            String seen = "the Future was cancelled; whether its work has ended was not seen";
            Outcome outcome = Outcome.thrown(stop);
            return call.stopping() ? outcome.withCause("stopped").withStop("ASKED", "cancel", seen) : outcome;
        } finally {
            methods.end(invocation.scheduled());
        }
    }

    /** There is nothing to ask but the thread. */
    @Override
    public boolean stop(Call call) {
        return false;
    }

    private static String asked(Call call, String key) {
        Object value = call.spec().get(key);
        return value instanceof String && !((String) value).isEmpty() ? (String) value : null;
    }
}
