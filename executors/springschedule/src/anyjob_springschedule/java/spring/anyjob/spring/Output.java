package anyjob.spring;

import anyjob.app.Call;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.nio.charset.Charset;

/** System.out and System.err as they were, but what a thread of a run prints goes to the run's log as well. */
final class Output extends OutputStream {
    private static boolean installed;
    private final PrintStream before;

    private Output(PrintStream before) {
        this.before = before;
    }

    static synchronized void install() {
        if (!installed) {
            installed = true;
            System.setOut(over(System.out));
            System.setErr(over(System.err));
        }
    }

    private static PrintStream over(PrintStream before) {
        try {
            return new PrintStream(new Output(before), true, Charset.defaultCharset().name());
        } catch (UnsupportedEncodingException never) {
            throw new IllegalStateException(never);
        }
    }

    @Override
    public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        before.write(bytes, from, count);
        Call call = Call.current();
        if (call != null) {
            call.log(bytes, from, count);
        }
    }

    @Override
    public void flush() {
        before.flush();
    }
}
