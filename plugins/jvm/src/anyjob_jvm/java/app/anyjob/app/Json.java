package anyjob.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
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

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The value of a JSON text.
     *
     * @throws IllegalArgumentException with what is wrong and where, for a text that is not strict JSON
     */
    public static Object parse(String text) {
        Json json = new Json(text);
        json.blank();
        Object value = json.value(0);
        json.blank();
        if (json.at < text.length()) {
            throw json.wrong("the value has ended before this");
        }
        return value;
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

    // ------------------------------------------------------------------ reading

    private Object value(int depth) {
        char c = peek();
        switch (c) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> made = new LinkedHashMap<String, Object>();
        at++;
        deeper(depth);
        blank();
        if (peek() == '}') {
            at++;
            return made;
        }
        while (true) {
            blank();
            if (peek() != '"') {
                throw wrong("a key in double quotes is expected");
            }
            int keyAt = at;
            String key = string();
            if (made.containsKey(key)) {
                at = keyAt;
                throw wrong("a key stands twice");
            }
            blank();
            if (peek() != ':') {
                throw wrong("a colon is expected");
            }
            at++;
            blank();
            made.put(key, value(depth + 1));
            blank();
            char c = peek();
            at++;
            if (c == '}') {
                return made;
            }
            if (c != ',') {
                at--;
                throw wrong("a comma or } is expected");
            }
        }
    }

    private List<Object> array(int depth) {
        List<Object> made = new ArrayList<Object>();
        at++;
        deeper(depth);
        blank();
        if (peek() == ']') {
            at++;
            return made;
        }
        while (true) {
            blank();
            made.add(value(depth + 1));
            blank();
            char c = peek();
            at++;
            if (c == ']') {
                return made;
            }
            if (c != ',') {
                at--;
                throw wrong("a comma or ] is expected");
            }
        }
    }

    private void deeper(int depth) {
        if (depth >= DEPTH) {
            throw wrong("it has more than " + DEPTH + " levels");
        }
    }

    private String string() {
        int start = ++at;
        int end = start;
        while (true) {
            if (end >= text.length()) {
                throw wrong("this text has no end");
            }
            char c = text.charAt(end);
            if (c == '"') {
                at = end + 1;
                String plain = text.substring(start, end);
                whole(plain);
                return plain;
            }
            if (c == '\\') {
                break;
            }
            if (c < ' ') {
                at = end;
                throw wrong("a control character stands inside a text");
            }
            end++;
        }
        StringBuilder made = new StringBuilder(text.substring(start, end));
        at = end;
        while (true) {
            char c = peek();
            at++;
            if (c == '"') {
                String escaped = made.toString();
                whole(escaped);
                return escaped;
            }
            if (c < ' ') {
                at--;
                throw wrong("a control character stands inside a text");
            }
            made.append(c == '\\' ? escape() : c);
        }
    }

    private char escape() {
        char c = peek();
        at++;
        switch (c) {
            case '"':
            case '\\':
            case '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    char hex = peek();
                    int digit = hex < 128 ? Character.digit(hex, 16) : -1;
                    if (digit < 0) {
                        throw wrong("four hexadecimal digits are expected");
                    }
                    code = code * 16 + digit;
                    at++;
                }
                return (char) code;
            default:
                at--;
                throw wrong("this backslash starts no escape");
        }
    }

    private void whole(String made) {
        int half = half(made);
        if (half >= 0) {
            throw wrong("the text before this holds half of a surrogate pair");
        }
    }

    private Object word(String word, Object means) {
        if (!text.startsWith(word, at)) {
            throw wrong("a value is expected");
        }
        at += word.length();
        return means;
    }

    private Object number() {
        int start = at;
        if (at < text.length() && text.charAt(at) == '-') {
            at++;
        }
        int digits = digits();
        int first = at - digits;
        if (digits == 0 || (digits > 1 && text.charAt(first) == '0')) {
            at = start;
            throw wrong("a value is expected");
        }
        boolean whole = true;
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            whole = false;
            if (digits() == 0) {
                throw wrong("a digit is expected");
            }
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            whole = false;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            if (digits() == 0) {
                throw wrong("a digit is expected");
            }
        }
        String said = text.substring(start, at);
        if (whole) {
            try {
                Long number = Long.valueOf(said);
                if (number != Long.MIN_VALUE) { // the protocol's numbers are the same on both sides of 0
                    return number;
                }
            } catch (NumberFormatException big) {
                at = start;
                throw wrong("this whole number has more than 64 bits");
            }
            at = start;
            throw wrong("this whole number has more than 64 bits");
        }
        double number = Double.parseDouble(said);
        if (Double.isInfinite(number)) {
            at = start;
            throw wrong("this number is out of range");
        }
        return number;
    }

    private int digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - start;
    }

    private void blank() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
                return;
            }
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw wrong("the text ends too early");
        }
        return text.charAt(at);
    }

    private IllegalArgumentException wrong(String says) {
        return new IllegalArgumentException("is not JSON: character " + (at + 1) + ": " + says);
    }

    // ------------------------------------------------------------------ writing

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
            write(java.util.Arrays.asList((Object[]) value), out, depth);
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

    private static int half(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isSurrogate(value.charAt(i)) && !paired(value, i)) {
                return i;
            }
        }
        return -1;
    }
}
