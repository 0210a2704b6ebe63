package org.springframework.beans.factory.support;

import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConstructorArgumentValues;

public class RootBeanDefinition implements BeanDefinition {
    public RootBeanDefinition(Class<?> beanClass) { }

    public void setRole(int role) { }

    public ConstructorArgumentValues getConstructorArgumentValues() {
        throw new UnsupportedOperationException();
    }
}
