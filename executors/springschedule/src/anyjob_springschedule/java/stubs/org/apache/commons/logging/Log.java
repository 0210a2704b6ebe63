package org.apache.commons.logging;

public interface Log {
    void info(Object message);

    void warn(Object message);

    void debug(Object message);
}
