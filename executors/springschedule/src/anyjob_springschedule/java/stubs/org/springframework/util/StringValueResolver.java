package org.springframework.util;

public interface StringValueResolver {
    String resolveStringValue(String text);
}
