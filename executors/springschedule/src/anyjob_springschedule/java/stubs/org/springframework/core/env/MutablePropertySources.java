package org.springframework.core.env;

public class MutablePropertySources {
    public PropertySource<?> get(String name) {
        throw new UnsupportedOperationException();
    }
}
