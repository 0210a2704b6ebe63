package demo;

IMPORTS

/** Resists a stop as far as its parameters say. */
public class Stops extends JavaProcessor {
    private volatile boolean asked;
    private JobContext given;

    @Override
    public ProcessResult process(JobContext context) throws Exception {
        given = context;
        System.out.println("ready");
        long turns = 0;
        while ("spin".equals(context.getJobParameters()) && turns >= 0) {
            turns = (turns + 1) % 1000;
        }
        while (true) {
            if (asked && "kill".equals(context.getJobParameters())) {
                return new ProcessResult(false, "asked to stop");
            }
            try {
                Thread.sleep(20);
            } catch (InterruptedException interrupt) {
                if (!"nothing".equals(context.getJobParameters())) {
                    throw interrupt;
                }
            }
        }
    }

    @Override
    public void kill(JobContext context) {
        System.out.println("kill with the same context: " + (context == given));
        asked = true;
    }
}
