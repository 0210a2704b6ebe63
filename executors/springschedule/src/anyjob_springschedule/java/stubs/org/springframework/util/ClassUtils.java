package org.springframework.util;

public abstract class ClassUtils {
    public static Class<?> getUserClass(Class<?> type) {
        throw new UnsupportedOperationException();
    }
}
