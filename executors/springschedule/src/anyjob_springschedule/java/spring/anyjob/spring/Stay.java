package anyjob.spring;

import java.util.concurrent.CountDownLatch;

/**
 * Keeps the JVM up for as long as the context is open.
 *
 * An application without a web server lives by the threads of its scheduler, and those are made for the first task: where
 * every method is taken from the start there would be none, and the JVM would end after main.
 */
final class Stay implements Runnable {
    private final CountDownLatch over = new CountDownLatch(1);

    void begin() {
        Thread thread = new Thread(this, "anyjob-stay");
        thread.setDaemon(false);
        thread.start();
    }

    void end() {
        over.countDown();
    }

    @Override
    public void run() {
        try {
            over.await();
        } catch (InterruptedException somebody) {
            // then it is not wanted
        }
    }
}
