package anyjob.samples;

import anyjob.job.JavaProcessor;
import anyjob.job.JobContext;
import anyjob.job.ProcessResult;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** A class for each behaviour by which the conformance suite proves the executor. */
public final class Suite {
    private Suite() {}

    /** Ends well at once. */
    public static class Succeeds extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.out.println("first");
            return new ProcessResult(true, "hello");
        }
    }

    /** Ends badly at once. */
    public static class Fails extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.out.println("no");
            return new ProcessResult(false, "no rates today");
        }
    }

    /** Ends with the code that its parameters say. */
    public static class Exits extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            int code = Integer.parseInt(context.getJobParameters());
            if (code != 0) {
                System.exit(code);
            }
            return new ProcessResult(true);
        }
    }

    /** Ends its own process by signal 9. */
    public static class Dies extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            String pid = new File("/proc/self").getCanonicalFile().getName();
            new ProcessBuilder("kill", "-9", pid).start().waitFor();
            Thread.sleep(60000);
            return new ProcessResult(false, "still here");
        }
    }

    /** Gives back what it was given. */
    public static class Echoes extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.out.println(context.getInstanceParameters());
            return new ProcessResult(true, context.getInstanceParameters());
        }
    }

    /** Goes on, and ends when its thread is interrupted. */
    public static class Sleeps extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            Thread.sleep(300000);
            return new ProcessResult(true);
        }
    }

    /** Goes on, and ends when it is asked. */
    public static class Obeys extends JavaProcessor {
        private volatile boolean asked;

        @Override
        public ProcessResult process(JobContext context) throws Exception {
            System.out.println("ready");
            while (!asked) {
                Thread.sleep(20);
            }
            System.out.println("bye");
            return new ProcessResult(false, "asked to stop");
        }

        @Override
        public void kill(JobContext context) {
            asked = true;
        }
    }

    /** Goes on, whatever it is asked. */
    public static class Ignores extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.out.println("ready");
            while (true) {
                try {
                    Thread.sleep(1000);
                } catch (InterruptedException ignored) {
                    System.out.println("interrupted, and goes on");
                }
            }
        }

        @Override
        public void kill(JobContext context) {
            System.out.println("asked, and goes on");
        }
    }

    /** Starts processes that nothing but a kill ends. */
    public static class Forks extends JavaProcessor {
        private static final String STAYS =
                "trap '' TERM; (sleep 300 & : > up.$1; wait) & sleep 300";

        @Override
        public ProcessResult process(JobContext context) throws Exception {
            for (int i = 1; i <= 3; i++) {
                quiet(new ProcessBuilder("sh", "-c", "(setsid sh -c \"$0\" sh " + i + " &)", STAYS)).start();
            }
            String bare = "(env -i \"$(command -v setsid)\" sh -c 'trap \"\" TERM; : > up.4; sleep 300; :' \"$0\" &)";
            quiet(new ProcessBuilder("sh", "-c", bare, context.getJobParameters())).start();
            for (int i = 1; i <= 4; i++) {
                while (!new File("up." + i).exists()) {
                    Thread.sleep(20);
                }
            }
            System.out.println("ready");
            Thread.sleep(300000);
            return new ProcessResult(true);
        }
    }

    /** Leaves a line at its beginning and at its end. */
    public static class Remembers extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            write(context, "begin");
            Thread.sleep(300);
            write(context, "end");
            return new ProcessResult(true);
        }

        private static void write(JobContext context, String word) throws IOException {
            try (Writer file = new FileWriter(context.getJobParameters(), true)) {
                file.write(context.getTraceId() + " " + word + "\n");
            }
        }
    }

    /** Ends well, and leaves a process. */
    public static class Leaves extends JavaProcessor {
        private static final String WAITS =
                "n=0; while [ ! -e \"$0\" ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done";

        @Override
        public ProcessResult process(JobContext context) throws Exception {
            quiet(new ProcessBuilder("setsid", "sh", "-c", WAITS, context.getJobParameters())).start();
            return new ProcessResult(true);
        }
    }

    /** Counts to 300. */
    public static class Counts extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            for (int i = 1; i <= 300; i++) {
                System.out.println(i);
                if (i % 10 == 0) {
                    Thread.sleep(20);
                }
            }
            return new ProcessResult(true);
        }
    }

    /** Writes 8 MB of lines. */
    public static class Floods extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 5000; i++) {
                lines.append("0123456789abcde\n");
            }
            for (int i = 0; i < 100; i++) {
                System.out.print(lines);
            }
            return new ProcessResult(true);
        }
    }

    /** Writes 8 MB without a line end. */
    public static class LongLine extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            char[] piece = new char[1000000];
            Arrays.fill(piece, 'x');
            for (int i = 0; i < 8; i++) {
                System.out.print(piece);
            }
            return new ProcessResult(true);
        }
    }

    /** Writes what is no text. */
    public static class BadBytes extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            byte[] bytes = {'a', (byte) 0xff, (byte) 0xfe, 0, 0x1b, '[', '3', '1', 'm', (byte) 0x80, 'z', '\n'};
            System.out.write(bytes, 0, bytes.length);
            return new ProcessResult(true);
        }
    }

    /** Writes in the encoding of its job. */
    public static class Gbk extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            System.out.println("\u4e2d\u6587");
            return new ProcessResult(true, "\u4e2d\u6587");
        }
    }

    /** Returns something that programs read. */
    public static class ReturnsOutputs extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            context.output("answer", 42);
            context.output("words", Arrays.asList("a", "b"));
            return new ProcessResult(true);
        }
    }

    /** Three steps. */
    public static class Progresses extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            for (int done = 1; done <= 3; done++) {
                context.progress(done, 3);
                Thread.sleep(150);
            }
            return new ProcessResult(true);
        }
    }

    /** Tries to show its secret. */
    public static class ShowsSecret extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            String token = context.secret("TOKEN");
            Base64.Encoder base64 = Base64.getEncoder();
            System.out.println("plain " + token);
            System.out.println(base64.encodeToString(token.getBytes(StandardCharsets.UTF_8)));
            System.out.println(base64.encodeToString(("x" + token).getBytes(StandardCharsets.UTF_8)));
            System.out.println(URLEncoder.encode(token, "UTF-8").replace("+", "%20"));
            System.out.println("\"" + token.replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
            System.out.print(token.substring(0, 5));
            System.out.flush();
            Thread.sleep(100);
            System.out.println(token.substring(5));
            return new ProcessResult(true, String.valueOf(token.codePointCount(0, token.length())));
        }
    }

    /** Uses 100 MB. */
    public static class EatsMemory extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) {
            List<byte[]> held = new ArrayList<byte[]>();
            for (int i = 0; i < 100; i++) {
                byte[] piece = new byte[1000000];
                Arrays.fill(piece, (byte) 'x');
                held.add(piece);
            }
            return new ProcessResult(true, held.size() + " MB");
        }
    }

    /** Has 40 processes at one time. */
    public static class StartsProcesses extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            List<Process> all = new ArrayList<Process>();
            for (int i = 0; i < 40; i++) {
                all.add(quiet(new ProcessBuilder("sleep", "0.7")).start());
            }
            for (Process one : all) {
                if (one.waitFor() != 0) {
                    return new ProcessResult(false, "one of them failed");
                }
            }
            return new ProcessResult(true);
        }
    }

    /** Keeps a core busy for a second. */
    public static class Burns extends JavaProcessor {
        @Override
        public ProcessResult process(JobContext context) throws Exception {
            long from = System.nanoTime();
            double before = used();
            long sum = 0;
            while (System.nanoTime() - from < 1000000000L) {
                for (int i = 0; i < 10000; i++) {
                    sum += i;
                }
            }
            System.out.println(sum);
            return new ProcessResult(true, (used() - before) + " " + (System.nanoTime() - from) / 1e9);
        }

        /** Seconds of processor time of this process. */
        private static double used() throws IOException {
            String[] parts = read(new FileInputStream("/proc/self/stat")).split(" ");
            return (Long.parseLong(parts[13]) + Long.parseLong(parts[14])) / 100.0;
        }
    }

    // ------------------------------------------------------------------ within

    private static ProcessBuilder quiet(ProcessBuilder builder) {
        File nothing = new File("/dev/null");
        return builder.redirectInput(nothing).redirectOutput(nothing).redirectError(nothing);
    }

    static String said(String... argv) throws Exception {
        Process process = new ProcessBuilder(argv).redirectError(new File("/dev/null")).start();
        return read(process.getInputStream());
    }

    static String read(InputStream stream) throws IOException {
        try (InputStream in = stream) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] piece = new byte[4096];
            for (int got = in.read(piece); got > 0; got = in.read(piece)) {
                bytes.write(piece, 0, got);
            }
            return bytes.toString("UTF-8");
        }
    }
}
