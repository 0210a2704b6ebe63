package anyjob.app;

import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Locale;

/**
 * {@code System.out} and {@code System.err} of a JVM with many runs: what the code of a run prints goes into that run's log, all
 * else where it went before. Whose code prints is told by {@link Call#current}.
 *
 * <p>Each call is one piece, so that lines of two runs never mix. No lock is shared between runs: one whose log nobody reads
 * holds up no other. {@code FileOutputStream(FileDescriptor.out)} and native code go past it.
 */
public final class Output extends PrintStream {
    private final PrintStream other;
    private final Charset charset;

    private Output(PrintStream other, Charset charset) {
        super(other, true);
        this.other = other;
        this.charset = charset;
    }

    /**
     * Replace both streams. A second call does nothing. Loggers that were set up before keep the streams that they have.
     *
     * @param charset of the logs, as the job's {@code encoding} says; UTF-8 unless a job says otherwise
     */
    public static void install(Charset charset) {
        if (!(System.out instanceof Output)) {
            System.setOut(new Output(System.out, charset));
        }
        if (!(System.err instanceof Output)) {
            System.setErr(new Output(System.err, charset));
        }
    }

    private void say(String text) {
        Call call = Call.current();
        if (call == null) {
            other.print(text);
            other.flush();
        } else {
            byte[] bytes = text.getBytes(charset);
            call.log(bytes, 0, bytes.length);
        }
    }

    private void line(String text) {
        say(text + "\n");
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        Call call = Call.current();
        if (call == null) {
            other.write(bytes, from, count);
        } else {
            call.log(bytes, from, count);
        }
    }

    @Override
    public void write(byte[] bytes) {
        write(bytes, 0, bytes.length);
    }

    @Override
    public void flush() {
        other.flush();
    }

    /** Only what is not of a run can be closed, and that is not the code's to do: nothing happens. */
    @Override
    public void close() {
        flush();
    }

    @Override
    public boolean checkError() {
        return Call.current() == null && other.checkError();
    }

    @Override
    public void print(boolean value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(char value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(int value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(long value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(float value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(double value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(char[] value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(String value) {
        say(String.valueOf(value));
    }

    @Override
    public void print(Object value) {
        say(String.valueOf(value));
    }

    @Override
    public void println() {
        line("");
    }

    @Override
    public void println(boolean value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(char value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(int value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(long value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(float value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(double value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(char[] value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(String value) {
        line(String.valueOf(value));
    }

    @Override
    public void println(Object value) {
        line(String.valueOf(value));
    }

    @Override
    public PrintStream printf(String format, Object... values) {
        return format(format, values);
    }

    @Override
    public PrintStream printf(Locale locale, String format, Object... values) {
        return format(locale, format, values);
    }

    @Override
    public PrintStream format(String format, Object... values) {
        say(String.format(format, values));
        return this;
    }

    @Override
    public PrintStream format(Locale locale, String format, Object... values) {
        say(String.format(locale, format, values));
        return this;
    }

    @Override
    public PrintStream append(CharSequence text) {
        say(String.valueOf(text));
        return this;
    }

    @Override
    public PrintStream append(CharSequence text, int from, int to) {
        say(String.valueOf(text).substring(from, to));
        return this;
    }

    @Override
    public PrintStream append(char value) {
        say(String.valueOf(value));
        return this;
    }
}
