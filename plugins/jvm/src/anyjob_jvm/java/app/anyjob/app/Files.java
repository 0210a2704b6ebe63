package anyjob.app;

import java.io.Closeable;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run that speaks by the files of its folder. */
final class Files implements Way, Closeable {
    private static final long EVERY = 100000000L; // ns between two lines of progress
    private static final int SECRET_LIMIT = 1 << 20;

    private final File folder;
    private final PrintStream log;
    private final String progressFile = System.getenv("ANYJOB_PROGRESS");
    private final String mapFile = System.getenv("ANYJOB_MAP");
    private final String secrets = System.getenv("ANYJOB_SECRETS");
    private OutputStream progress; // guarded by this, as all below
    private OutputStream map;
    private String waiting;
    private long written = System.nanoTime() - EVERY;

    Files(File folder, PrintStream log) {
        this.folder = folder;
        this.log = log;
    }

    /** Write {@code outcome.json}, whole or not at all. */
    void outcome(String run, Outcome outcome) throws IOException {
        Map<String, Object> message = new LinkedHashMap<String, Object>();
        message.put("type", "result");
        message.put("run", run);
        message.put("outcome", outcome.toJson());
        byte[] bytes = Json.write(message).getBytes(StandardCharsets.UTF_8);
        File part = new File(folder, "outcome.json.part");
        OutputStream out = new FileOutputStream(part);
        try {
            out.write(bytes);
        } finally {
            out.close();
        }
        if (!part.renameTo(new File(folder, "outcome.json"))) {
            throw new IOException(part + " could not be renamed");
        }
    }

    @Override
    public String secret(String name) {
        if (secrets == null || name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0) {
            return null;
        }
        File file = new File(secrets, name);
        if (!file.isFile() || file.length() > SECRET_LIMIT) {
            return null;
        }
        try {
            InputStream in = new FileInputStream(file);
            try {
                byte[] bytes = new byte[(int) file.length()];
                int at = 0;
                int got;
                while (at < bytes.length && (got = in.read(bytes, at, bytes.length - at)) >= 0) {
                    at += got;
                }
                return new String(bytes, 0, at, StandardCharsets.UTF_8);
            } finally {
                in.close();
            }
        } catch (IOException unreadable) {
            return null;
        }
    }

    @Override
    public void log(byte[] bytes, int from, int count) {
        log.write(bytes, from, count);
        log.flush();
    }

    @Override
    public synchronized void progress(long done, long total) {
        waiting = done + " " + total + "\n";
        if (System.nanoTime() - written >= EVERY) {
            flush();
        }
    }

    /** Write the progress that was held back. */
    synchronized void flush() {
        if (waiting == null || progressFile == null) {
            return;
        }
        try {
            if (progress == null) {
                progress = new FileOutputStream(progressFile, true);
            }
            progress.write(waiting.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException lost) { // a picture for people: no run fails for it
            progress = null;
        }
        waiting = null;
        written = System.nanoTime();
    }

    @Override
    public synchronized void map(List<?> items, String name, String key) throws IOException {
        if (mapFile == null) {
            throw new IOException("ANYJOB_MAP is not set: this run takes no further tasks");
        }
        Map<String, Object> line = new LinkedHashMap<String, Object>();
        line.put("items", items);
        line.put("name", name);
        line.put("key", key);
        byte[] bytes = (Json.write(line) + "\n").getBytes(StandardCharsets.UTF_8);
        if (map == null) {
            map = new FileOutputStream(mapFile, true);
        }
        map.write(bytes);
    }

    @Override
    public void checkpoint(Object data) throws IOException {
        throw new IOException("a process for one run has nobody who could keep a checkpoint");
    }

    @Override
    public synchronized void close() {
        try {
            if (progress != null) {
                progress.close();
            }
            if (map != null) {
                map.close();
            }
        } catch (IOException lost) {
            progress = null;
        }
    }
}
