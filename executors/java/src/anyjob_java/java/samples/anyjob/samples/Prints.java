package anyjob.samples;

import anyjob.job.JavaProcessor;
import anyjob.job.JobContext;
import anyjob.job.MapReduceJobProcessor;
import anyjob.job.ProcessResult;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeSet;

/** The classes of the suite that print what a run is given. */
public final class Prints {
    private Prints() {}

    /** Its environment, a line for each variable, whatever part of its instance it does. */
    public static class Environment extends MapReduceJobProcessor {
        @Override
        public void preProcess(JobContext context) {
            process(context);
        }

        @Override
        public ProcessResult postProcess(JobContext context) {
            return process(context);
        }

        @Override
        public ProcessResult reduce(JobContext context) {
            return process(context);
        }

        @Override
        public ProcessResult process(JobContext context) {
            if (String.valueOf(System.getenv("ANYJOB_APP")).startsWith("files:")) {
                for (Map.Entry<String, String> entry : System.getenv().entrySet()) {
                    System.out.println(entry.getKey() + "=" + entry.getValue());
                }
                return new ProcessResult(true);
            }
            // The environment of a shared JVM is nobody's; the context tells the same.
            say("RUN", context.getTraceId());
            say("KEY", context.getKey());
            say("JOB_ID", context.getJobId());
            say("JOB_NAME", context.getJobName());
            say("INSTANCE_ID", context.getJobInstanceId());
            say("TASK_ID", context.getTaskId());
            say("TASK_NAME", context.getTaskName());
            say("ATTEMPT", context.getAttempt());
            say("PHASE", context.getPhase());
            say("PARAMETERS", context.getJobParameters());
            say("INSTANCE_PARAMETERS", context.getInstanceParameters());
            say("SCHEDULE_TIME", context.getScheduleTime().toEpochMilli());
            say("DATA_TIME", context.getDataTime().toEpochMilli());
            say("TRIGGER_TYPE", context.getTriggerType());
            if (context.getShardingId() != null) {
                say("SHARD_ID", context.getShardingId());
                say("SHARD_PARAMETER", context.getShardingParameter());
                say("SHARD_TOTAL", context.getShardingNum());
            }
            return new ProcessResult(true);
        }

        private static void say(String name, Object value) {
            System.out.println("ANYJOB_" + name + "=" + value);
        }
    }

    /** What a process starts from. */
    public static class Surroundings extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            int read = 0;
            while (System.in.read() >= 0) {
                read++;
            }
            System.out.println("stdin=" + read);
            System.out.println("umask=" + Suite.said("sh", "-c", "umask").trim());
            System.out.println("cwd=" + new File(".").getCanonicalPath());
            StringBuilder fds = new StringBuilder();
            for (String name : new TreeSet<String>(Arrays.asList(new File("/proc/self/fd").list()))) {
                fds.append(' ').append(name);
            }
            System.out.println("fds=" + fds.substring(1));
            try (FileInputStream terminal = new FileInputStream("/dev/tty")) {
                System.out.println("tty=yes");
            } catch (IOException none) {
                System.out.println("tty=no");
            }
            // Of the thread that was there first: the JVM blocks signals in those that it makes, and children inherit that.
            for (String line : Suite.read(new FileInputStream("/proc/self/status")).split("\n")) {
                if (line.startsWith("SigIgn:") || line.startsWith("SigBlk:")) {
                    System.out.println(line.replace(":", "=").replace("\t", ""));
                }
            }
            return new ProcessResult(true);
        }
    }

    /** What the JVM's arguments were filled with. */
    public static class Placeholders extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            for (String name : System.getProperties().stringPropertyNames()) {
                if (name.startsWith("seen.")) {
                    System.out.println(name.substring("seen.".length()) + "=" + System.getProperty(name));
                }
            }
            return new ProcessResult(true);
        }
    }

    /** Which shard it is. */
    public static class Shard extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            String text = context.getShardingId() + " " + context.getShardingParameter() + " " + context.getShardingNum();
            return new ProcessResult(true, text);
        }
    }
}
