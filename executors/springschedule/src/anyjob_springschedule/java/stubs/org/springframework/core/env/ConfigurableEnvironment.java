package org.springframework.core.env;

public interface ConfigurableEnvironment {
    String getProperty(String key);

    MutablePropertySources getPropertySources();
}
