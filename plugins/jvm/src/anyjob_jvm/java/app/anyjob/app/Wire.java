package anyjob.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One connection: lines in, read by the link's thread; lines out, written by a thread of its own.
 *
 * <p>No other thread does its I/O: an interrupt would close the channel, and code that is called must never wait for a worker that
 * does not read.
 */
final class Wire implements Runnable {
    static final int LINE = 16 << 20;

    private static final int BATCH = 64 << 10;
    private static final long QUEUE = 64L << 20; // bytes that a worker may leave unread
    private static final long TICK = 100;

    private final AtomicLong ids;
    private final SocketChannel channel;
    private final ArrayDeque<byte[]> queue = new ArrayDeque<byte[]>(); // guarded by this, as all below
    private final LinkedHashSet<Held> dirty = new LinkedHashSet<Held>();
    private final LinkedHashSet<Held> later = new LinkedHashSet<Held>();
    private long queued;
    private boolean writing;
    private boolean closed;
    private boolean welcomed;
    private long asked; // for a sign of life, when; what is heard later is the answer
    private String why;

    private final ByteBuffer in = ByteBuffer.allocate(BATCH);
    private volatile long heard = System.nanoTime();
    private volatile long patience;

    Wire(SocketChannel channel, AtomicLong ids, long patience) {
        this.ids = ids;
        this.channel = channel;
        this.patience = patience;
        asked = heard;
        in.limit(0);
    }

    // ------------------------------------------------------------------ reading, by one thread

    /**
     * The next line without its end; null at the end of the stream.
     *
     * @throws IOException also for a line that is too long
     */
    byte[] line() throws IOException {
        byte[] made = null;
        int size = 0;
        while (true) {
            int from = in.position();
            int end = from;
            while (end < in.limit() && in.get(end) != '\n') {
                end++;
            }
            int piece = end - from;
            if (size + piece > LINE) {
                throw new IOException("the worker sent a line of more than " + LINE + " bytes");
            }
            if (piece > 0) {
                if (made == null) {
                    made = new byte[piece];
                } else if (made.length < size + piece) {
                    made = Arrays.copyOf(made, (int) Math.min(LINE, Math.max(size + piece, made.length * 2L)));
                }
                in.get(made, size, piece);
                size += piece;
            }
            if (end < in.limit()) {
                in.position(end + 1);
                return made == null ? new byte[0] : made.length == size ? made : Arrays.copyOf(made, size);
            }
            in.clear();
            int got = channel.read(in);
            in.flip();
            if (got < 0) {
                return null;
            }
            heard = System.nanoTime();
        }
    }

    /** @throws IOException it is no message */
    static Map<?, ?> message(byte[] line) throws IOException {
        Object value;
        try {
            String text = StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(line)).toString();
            value = Json.parse(text);
        } catch (CharacterCodingException wrong) {
            throw new IOException("the worker sent a line that is not UTF-8");
        } catch (IllegalArgumentException wrong) {
            throw new IOException("the worker sent a line that " + wrong.getMessage());
        }
        if (!(value instanceof Map) || !(((Map<?, ?>) value).get("type") instanceof String)) {
            throw new IOException("the worker sent a line that is no message");
        }
        return (Map<?, ?>) value;
    }

    /** How long nothing was heard, in milliseconds. */
    long silence() {
        return (System.nanoTime() - heard) / 1000000;
    }

    /** From now on the connection ends after so many milliseconds of silence, and a third of them lets it ask for a sign. */
    synchronized void welcomed(long millis) {
        patience = millis;
        welcomed = true;
        notifyAll();
    }

    // ------------------------------------------------------------------ writing

    void send(Map<String, ?> message) {
        send(Json.write(message));
    }

    /** @param line a whole message, without its end */
    void send(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (this) {
            if (closed) {
                return;
            }
            queue.add(bytes);
            queued += bytes.length;
            if (queued > QUEUE) {
                end("the worker does not read: " + queued + " bytes wait for it");
            }
            notifyAll();
        }
    }

    /** The run has something to tell. */
    synchronized void tells(Held held) {
        if (!closed && dirty.add(held)) {
            notifyAll();
        }
    }

    /** The run has something to tell that can wait for the next tick. */
    synchronized void tellsLater(Held held) {
        if (!closed && later.add(held) && later.size() == 1) {
            notifyAll();
        }
    }

    /** Wait until everything was written, at most so long. @return whether it was */
    synchronized boolean flushed(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1000000;
        while (!closed && (writing || !queue.isEmpty() || !dirty.isEmpty() || !later.isEmpty())) {
            long left = (end - System.nanoTime()) / 1000000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return !closed;
    }

    /** Close it. The first reason counts. */
    void end(String reason) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            why = reason;
            queue.clear();
            dirty.clear();
            later.clear();
            notifyAll();
        }
        try {
            channel.close();
        } catch (IOException gone) { // that is what was wanted
            return;
        }
    }

    synchronized boolean closed() {
        return closed;
    }

    synchronized String why() {
        return why;
    }

    /** The writer, and the clock of the connection. */
    @Override
    public void run() {
        try {
            while (true) {
                List<byte[]> batch = gather();
                if (batch == null) {
                    return;
                }
                write(batch);
                synchronized (this) {
                    writing = false;
                    notifyAll();
                }
            }
        } catch (IOException error) {
            end(String.valueOf(error.getMessage()));
        } catch (InterruptedException nobody) {
            end("interrupted");
        } catch (Throwable error) { // out of memory: the next connection tells all of it again
            end(error.toString());
        }
    }

    /** The next lines, waiting for them; null when the connection has ended. */
    private List<byte[]> gather() throws InterruptedException {
        List<byte[]> batch = new ArrayList<byte[]>();
        List<Held> tellers = new ArrayList<Held>();
        synchronized (this) {
            while (true) {
                if (closed) {
                    return null;
                }
                if (silence() > patience) {
                    end("the worker was silent for " + patience / 1000 + " s");
                    return null;
                }
                if (!queue.isEmpty() || !dirty.isEmpty()) {
                    break;
                }
                boolean waits = asked - heard > 0;
                if (silence() > patience / 3 && !waits && welcomed) {
                    asked = System.nanoTime();
                    send("{\"type\":\"ping\",\"id\":" + ids.incrementAndGet() + "}");
                    break;
                }
                if (later.isEmpty()) {
                    long next = waits ? patience : patience / 3;
                    wait(Math.max(1, Math.min(30000, next - silence() + 1)));
                } else {
                    wait(TICK);
                    dirty.addAll(later);
                    later.clear();
                }
            }
            int size = 0;
            while (!queue.isEmpty() && size < BATCH) {
                byte[] next = queue.poll();
                batch.add(next);
                size += next.length;
                queued -= next.length;
            }
            Iterator<Held> all = dirty.iterator();
            while (all.hasNext() && tellers.size() < 16) {
                tellers.add(all.next());
                all.remove();
            }
            writing = true;
        }
        // Outside of our lock: a run's own lock comes first wherever both are held.
        for (Held held : tellers) {
            if (held.tell(this, batch)) {
                tells(held);
            }
        }
        return batch;
    }

    private void write(List<byte[]> batch) throws IOException {
        int size = 0;
        for (byte[] line : batch) {
            size += line.length;
        }
        if (size <= 2 * BATCH) {
            ByteBuffer out = ByteBuffer.allocate(size);
            for (byte[] line : batch) {
                out.put(line);
            }
            out.flip();
            write(out);
            return;
        }
        for (byte[] line : batch) {
            // In pieces, because the JDK keeps a direct buffer of the largest that it was given.
            for (int at = 0; at < line.length; at += BATCH) {
                write(ByteBuffer.wrap(line, at, Math.min(BATCH, line.length - at)));
            }
        }
    }

    private void write(ByteBuffer out) throws IOException {
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }
}
