package demo;

IMPORTS

/** Does what its parameters say. */
public class Hello extends JavaProcessor {
    @Override
    public void preProcess(JobContext context) {
        System.out.println("pre " + context.getJobName());
    }

    @Override
    public ProcessResult process(JobContext context) throws Exception {
        switch (context.getJobParameters()) {
            case "true":
                return new ProcessResult(true);
            case "text":
                return new ProcessResult(true, "hello " + context.getInstanceParameters());
            case "false":
                return new ProcessResult(false, "no rates today");
            case "silent":
                return new ProcessResult(false);
            case "long":
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < 3000; i++) {
                    text.append('\u4e2d');
                }
                return new ProcessResult(true, text.toString());
            case "null":
                return null;
            case "throws":
                throw new java.io.IOException("the disk is on fire");
            case "error":
                throw new StackOverflowError("too deep");
            case "surrogate":
                return new ProcessResult(true, "half \ud83d of a pair");
            default:
                return new ProcessResult(true, "process");
        }
    }

    @Override
    public ProcessResult postProcess(JobContext context) {
        return new ProcessResult(true, "post over " + new java.util.TreeMap<Long, String>(context.getTaskResults()));
    }
}
