package org.springframework.beans.factory.config;

public class ConstructorArgumentValues {
    public void addGenericArgumentValue(Object value) { }
}
