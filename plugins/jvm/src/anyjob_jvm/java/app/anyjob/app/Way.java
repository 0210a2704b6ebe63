package anyjob.app;

import java.io.IOException;
import java.util.List;

/** How a run speaks with its worker: by files, or by a connection. */
interface Way {
    String secret(String name);

    void log(byte[] bytes, int from, int count);

    void progress(long done, long total);

    void map(List<?> items, String name, String key) throws IOException, InterruptedException;

    void checkpoint(Object data) throws IOException, InterruptedException;
}
