package org.springframework.scheduling.config;

public final class ScheduledTask {
    public void cancel(boolean mayInterruptIfRunning) { }
}
