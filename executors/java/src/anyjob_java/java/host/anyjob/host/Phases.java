package anyjob.host;

import anyjob.app.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Which methods of a processor a run calls, and what their results mean. */
final class Phases {
    private Phases() {}

    /**
     * @param results of the tasks, in POST and REDUCE; else null
     * @param most bytes that a result may have; 0: any number
     */
    static Outcome run(Processor processor, String phase, TaskResults results, int most) throws Throwable {
        switch (phase) {
            case "PRE":
                if (processor.is("JobProcessorEx")) {
                    processor.call("JobProcessorEx", "preProcess");
                }
                return Outcome.succeeded(null);
            case "POST":
                Object after = processor.is("JobProcessorEx") ? processor.call("JobProcessorEx", "postProcess") : null;
                return after == null ? Outcome.succeeded(null) : read(processor, after, most);
            case "REDUCE":
                return reduced(processor, results, most);
            default:
                Object result = processor.call("JobProcessor", "process");
                if (result == null) {
                    return Outcome.failed("no result: process returned null; return new ProcessResult(true)");
                }
                return read(processor, result, most);
        }
    }

    private static Outcome reduced(Processor processor, TaskResults results, int most) throws Throwable {
        if (!processor.is("MapReduceJobProcessor")) {
            return Outcome.succeeded(null);
        }
        int failed = results.failed();
        if (failed > 0 && !(Boolean) processor.call("MapReduceJobProcessor", "runReduceIfFail")) {
            String text = "not called: " + failed + " of " + results.statuses().size() + " tasks failed, and runReduceIfFail said false";
            return Outcome.succeeded(null).withEvidence("reduce", text);
        }
        Object result = processor.call("MapReduceJobProcessor", "reduce");
        if (result == null) {
            return Outcome.failed("no result: reduce returned null; return new ProcessResult(true)");
        }
        return read(processor, result, most);
    }

    /** A ProcessResult of either dialect. Its status is told by name: numbers and order differ between versions. */
    private static Outcome read(Processor processor, Object result, int most) throws ReflectiveOperationException {
        Object status = result.getClass().getMethod("getStatus").invoke(result);
        String text = (String) result.getClass().getMethod("getResult").invoke(result);
        String name = status == null ? null : ((Enum<?>) status).name();
        if (!"SUCCESS".equals(name)) {
            String why = text == null || text.isEmpty() ? "the result's status is " + name : text;
            return with(processor, Outcome.failed(why));
        }
        int bytes = text == null || most == 0 ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > most) {
            return Outcome.failed("the result has " + bytes + " bytes, and " + most + " are allowed where XAttrs.strict is true");
        }
        return with(processor, Outcome.succeeded(text));
    }

    @SuppressWarnings("unchecked") // the method is ours
    private static Outcome with(Processor processor, Outcome outcome) throws ReflectiveOperationException {
        if (processor.dialect != Dialect.ANYJOB) {
            return outcome;
        }
        Map<String, Object> outputs =
                (Map<String, Object>) processor.context.getClass().getMethod("outputs").invoke(processor.context);
        return outputs.isEmpty() ? outcome : outcome.withOutputs(outputs);
    }
}
