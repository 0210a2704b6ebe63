package org.springframework.aop.framework;

public abstract class AopProxyUtils {
    public static Class<?> ultimateTargetClass(Object candidate) {
        throw new UnsupportedOperationException();
    }

    public static Object getSingletonTarget(Object candidate) {
        throw new UnsupportedOperationException();
    }
}
