package org.springframework.beans.factory.config;

public interface ConfigurableListableBeanFactory {
    String[] getBeanNamesForType(Class<?> type, boolean includeNonSingletons, boolean allowEagerInit);

    Class<?> getType(String name);
}
