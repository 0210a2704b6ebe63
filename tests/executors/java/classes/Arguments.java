package demo;

IMPORTS

/** What its JVM was told. */
public class Arguments extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) {
        return new ProcessResult(true, System.getProperty("odd"));
    }
}
