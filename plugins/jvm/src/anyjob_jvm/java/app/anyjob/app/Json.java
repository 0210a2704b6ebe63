package anyjob.app;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Strict JSON, as the lines of the protocol want it.
 *
 * <p>Objects are {@link Map} with text keys in their order, arrays {@link List}, whole numbers {@link Long}, others
 * {@link Double}; then {@link String}, {@link Boolean} and null. Refused are a key twice in an object, more than 64
 * levels, whole numbers beyond 64 bits, numbers that are not finite, and halves of surrogate pairs.
 */
public final class Json {
    /** Levels that a value may have. */
    public static final int DEPTH = 64;

    private Json() {}

    /**
     * The value of a JSON text.
     *
     * @throws IllegalArgumentException with what is wrong and where, for a text that is not strict JSON
     */
    public static Object parse(String text) {
        return new JsonReader(text).read();
    }

    /**
     * The shortest text of a value, on one line.
     *
     * @param value what {@link #parse} gives; also any other {@link Number} that is whole or finite, any
     *     {@link CharSequence}, {@link Iterable} and array of objects
     * @throws IllegalArgumentException for what JSON cannot carry, with its class
     */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder(256);
        write(value, out, 0);
        return out.toString();
    }

    /** As {@link #write(Object)}, appended to {@code out}. */
    public static void write(Object value, StringBuilder out) {
        write(value, out, 0);
    }

    private static void write(Object value, StringBuilder out, int depth) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof CharSequence || value instanceof Character) {
            text(value.toString(), out);
        } else if (value instanceof Number) {
            number((Number) value, out);
        } else if (depth >= DEPTH) {
            throw new IllegalArgumentException("it has more than " + DEPTH + " levels");
        } else if (value instanceof Map) {
            char before = '{';
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                if (!(entry.getKey() instanceof CharSequence)) {
                    throw new IllegalArgumentException("a key is of " + named(entry.getKey()) + "; keys are text");
                }
                out.append(before);
                text(entry.getKey().toString(), out);
                out.append(':');
                write(entry.getValue(), out, depth + 1);
                before = ',';
            }
            out.append(before == '{' ? "{}" : "}");
        } else if (value instanceof Iterable) {
            char before = '[';
            for (Object item : (Iterable<?>) value) {
                out.append(before);
                write(item, out, depth + 1);
                before = ',';
            }
            out.append(before == '[' ? "[]" : "]");
        } else if (value instanceof Object[]) {
            write(Arrays.asList((Object[]) value), out, depth);
        } else {
            throw new IllegalArgumentException("JSON cannot carry " + named(value));
        }
    }

    private static String named(Object value) {
        return value == null ? "null" : value.getClass().getName();
    }

    private static void number(Number value, StringBuilder out) {
        if (value instanceof Double || value instanceof Float) {
            double number = value.doubleValue();
            if (Double.isNaN(number) || Double.isInfinite(number)) {
                throw new IllegalArgumentException("JSON has no number for " + value);
            }
            out.append(value.toString());
        } else if (value instanceof java.math.BigInteger) {
            if (((java.math.BigInteger) value).bitLength() > 63) {
                throw new IllegalArgumentException("a whole number has more than 64 bits; write it as text");
            }
            number(value.longValue(), out);
        } else if (value instanceof java.math.BigDecimal) {
            number(value.doubleValue(), out);
        } else if (value.longValue() == Long.MIN_VALUE) {
            throw new IllegalArgumentException("a whole number has more than 64 bits; write it as text");
        } else {
            out.append(value.longValue());
        }
    }

    private static void text(String value, StringBuilder out) {
        out.append('"');
        int from = 0;
        int length = value.length();
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            // Half of a pair becomes the mark of a replaced character.
            boolean half = Character.isSurrogate(c) && !paired(value, i);
            if (c != '"' && c != '\\' && !control(c) && !half) {
                continue;
            }
            out.append(value, from, i);
            from = i + 1;
            if (half) {
                out.append('\ufffd');
            } else {
                escaped(c, out);
            }
        }
        out.append(value, from, length).append('"');
    }

    /** Control characters, and what ends a line for some readers. */
    private static boolean control(char c) {
        return c < ' ' || (c >= '\u007f' && c < '\u00a0') || c == '\u2028' || c == '\u2029';
    }

    private static void escaped(char c, StringBuilder out) {
        switch (c) {
            case '"':
                out.append("\\\"");
                break;
            case '\\':
                out.append("\\\\");
                break;
            case '\n':
                out.append("\\n");
                break;
            case '\r':
                out.append("\\r");
                break;
            case '\t':
                out.append("\\t");
                break;
            default:
                out.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    out.append(Character.forDigit((c >> shift) & 15, 16));
                }
        }
    }

    private static boolean paired(String value, int i) {
        if (Character.isHighSurrogate(value.charAt(i))) {
            return i + 1 < value.length() && Character.isLowSurrogate(value.charAt(i + 1));
        }
        return i > 0 && Character.isHighSurrogate(value.charAt(i - 1));
    }

    /** Where the first half of a surrogate pair stands; -1: nowhere. */
    static int half(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isSurrogate(value.charAt(i)) && !paired(value, i)) {
                return i;
            }
        }
        return -1;
    }
}
