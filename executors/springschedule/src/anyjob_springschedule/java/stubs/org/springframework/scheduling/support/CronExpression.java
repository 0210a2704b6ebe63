package org.springframework.scheduling.support;

import java.time.temporal.Temporal;

public final class CronExpression {
    public static CronExpression parse(String expression) {
        throw new UnsupportedOperationException();
    }

    public <T extends Temporal & Comparable<? super T>> T next(T temporal) {
        throw new UnsupportedOperationException();
    }
}
