package org.springframework.core.env;

public abstract class PropertySource<T> {
    public abstract Object getProperty(String name);
}
