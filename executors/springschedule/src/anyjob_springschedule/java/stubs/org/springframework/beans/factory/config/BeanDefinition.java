package org.springframework.beans.factory.config;

public interface BeanDefinition {
    int ROLE_INFRASTRUCTURE = 2;
}
