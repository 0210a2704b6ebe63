package com.alibaba.schedulerx.worker.domain;

/** Enough of the class to compile the overlay; never packed. */
public final class JobContext {
    public String getTaskName() {
        return null;
    }
}
