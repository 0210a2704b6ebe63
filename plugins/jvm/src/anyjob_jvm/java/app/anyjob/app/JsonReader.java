package anyjob.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One text of JSON, from its first character to its last. */
final class JsonReader {
    private final String text;
    private int at;

    JsonReader(String text) {
        this.text = text;
    }

    Object read() {
        blank();
        Object value = value(0);
        blank();
        if (at < text.length()) {
            throw wrong("the value has ended before this");
        }
        return value;
    }

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
        if (depth >= Json.DEPTH) {
            throw wrong("it has more than " + Json.DEPTH + " levels");
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
        if (Json.half(made) >= 0) {
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
}
