package anyjob.app;

/** The last bytes of a log, and how many there ever were. Not safe for several threads: its run guards it. */
final class Ring {
    static final int KEPT = 256 << 10;

    private byte[] bytes = new byte[0];
    private long total;

    /** Bytes ever appended. */
    long total() {
        return total;
    }

    /** Where the bytes begin that are still here. */
    long oldest() {
        return Math.max(0, total - KEPT);
    }

    /** Bytes of memory. */
    int size() {
        return bytes.length;
    }

    void append(byte[] from, int at, int count) {
        int skip = Math.max(0, count - KEPT);
        total += skip;
        int left = count - skip;
        grow(left);
        int start = at + skip;
        while (left > 0) {
            int index = (int) (total % bytes.length);
            int piece = Math.min(left, bytes.length - index);
            System.arraycopy(from, start, bytes, index, piece);
            total += piece;
            start += piece;
            left -= piece;
        }
    }

    /** A copy of what stands from {@code position} on, at most so many bytes. */
    byte[] read(long position, int most) {
        int count = (int) Math.min(most, total - position);
        byte[] made = new byte[count];
        int done = 0;
        while (done < count) {
            int index = (int) ((position + done) % bytes.length);
            int piece = Math.min(count - done, bytes.length - index);
            System.arraycopy(bytes, index, made, done, piece);
            done += piece;
        }
        return made;
    }

    /** Before it is full nothing has wrapped round, so that growing is a copy. */
    private void grow(int more) {
        if (bytes.length == KEPT || total + more <= bytes.length) {
            return;
        }
        int size = (int) Math.min(KEPT, Math.max(Math.max(1024, bytes.length * 2L), total + more));
        byte[] bigger = new byte[size];
        // After a skip the beginning is gone anyway; what was kept before stands at its own positions.
        System.arraycopy(bytes, 0, bigger, 0, bytes.length);
        bytes = bigger;
    }
}
