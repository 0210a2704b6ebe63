package com.alibaba.schedulerx.worker.processor;

/** Enough of the class to compile the overlay; never packed. */
public abstract class JavaProcessor {
    public JavaProcessor() {
    }
}
