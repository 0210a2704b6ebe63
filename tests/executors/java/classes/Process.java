package demo;

IMPORTS
import java.io.File;

/** In which process it ran. */
public class Process extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) throws Exception {
        return new ProcessResult(true, new File("/proc/self").getCanonicalFile().getName());
    }
}
