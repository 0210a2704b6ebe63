package org.springframework.aop.support;

import java.lang.reflect.Method;

public abstract class AopUtils {
    public static boolean isAopProxy(Object object) {
        throw new UnsupportedOperationException();
    }

    public static Method selectInvocableMethod(Method method, Class<?> targetType) {
        throw new UnsupportedOperationException();
    }
}
