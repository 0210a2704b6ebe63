package anyjob.host;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A task's object as JSON, and back as what it was.
 *
 * <p>What JSON brings back as the very same type goes as it is. Other numbers, and everything else, go as
 * {@code {"@java": CLASS, "text": TEXT}}, with the serialized object in {@code "data"} where the text does not tell it all. Only
 * tasks that a run of the same job has mapped are read back, so what is deserialized comes from the job's own code.
 */
final class TaskObject {
    private static final String CLASS = "@java";
    private static final String TEXT = "text";
    private static final String DATA = "data";

    private final ClassLoader loader;

    TaskObject(ClassLoader loader) {
        this.loader = loader;
    }

    /**
     * @throws IllegalStateException it cannot be carried, with its class
     */
    Object toJson(Object object) {
        if (object == null || object instanceof String || object instanceof Boolean || object instanceof Integer) {
            return object;
        }
        if (object instanceof Double) {
            double value = (Double) object;
            // A whole one would come back as an Integer, and JSON has neither NaN nor Infinity.
            return value == Math.rint(value) || Double.isNaN(value) || Double.isInfinite(value) ? told(object) : object;
        }
        if (object instanceof Number || object instanceof Character) {
            return known(object.getClass().getName()) ? told(object) : serialized(object);
        }
        if (object instanceof List && plain((List<?>) object)) {
            List<Object> made = new ArrayList<Object>();
            for (Object item : (List<?>) object) {
                made.add(toJson(item));
            }
            return made;
        }
        if (object.getClass() == HashMap.class || object.getClass() == LinkedHashMap.class) {
            Map<String, Object> made = fields((Map<?, ?>) object);
            return made == null ? serialized(object) : made;
        }
        return serialized(object);
    }

    /**
     * @throws IllegalStateException it cannot be read back: its class is missing, or has changed
     */
    Object fromJson(Object json) {
        if (json instanceof Long) {
            long value = (Long) json;
            return value == (int) value ? (Object) (int) value : json;
        }
        if (json instanceof List) {
            List<Object> made = new ArrayList<Object>();
            for (Object item : (List<?>) json) {
                made.add(fromJson(item));
            }
            return made;
        }
        if (!(json instanceof Map)) {
            return json;
        }
        Map<?, ?> map = (Map<?, ?>) json;
        if (map.get(CLASS) instanceof String && map.get(TEXT) instanceof String) {
            return read((String) map.get(CLASS), (String) map.get(TEXT), map.get(DATA));
        }
        Map<String, Object> made = new LinkedHashMap<String, Object>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            made.put((String) entry.getKey(), fromJson(entry.getValue()));
        }
        return made;
    }

    // ------------------------------------------------------------------ within

    private static boolean plain(List<?> list) {
        String name = list.getClass().getName();
        // What these say of themselves is only that they are lists.
        return name.equals("java.util.ArrayList") || name.equals("java.util.Arrays$ArrayList")
                || name.startsWith("java.util.Collections$") || name.startsWith("java.util.ImmutableCollections$");
    }

    private Map<String, Object> fields(Map<?, ?> map) {
        Map<String, Object> made = new LinkedHashMap<String, Object>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String) || entry.getKey().equals(CLASS)) {
                return null;
            }
            made.put((String) entry.getKey(), toJson(entry.getValue()));
        }
        return made;
    }

    private static boolean known(String name) {
        switch (name) {
            case "java.lang.Long":
            case "java.lang.Short":
            case "java.lang.Byte":
            case "java.lang.Float":
            case "java.lang.Double":
            case "java.lang.Character":
            case "java.math.BigInteger":
            case "java.math.BigDecimal":
                return true;
            default:
                return false;
        }
    }

    private static Map<String, Object> told(Object object) {
        Map<String, Object> made = new LinkedHashMap<String, Object>();
        made.put(CLASS, object.getClass().getName());
        made.put(TEXT, String.valueOf(object));
        return made;
    }

    private static Map<String, Object> serialized(Object object) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream stream = new ObjectOutputStream(bytes)) {
            stream.writeObject(object);
        } catch (NotSerializableException error) {
            throw new IllegalStateException("a task of class " + object.getClass().getName() + " cannot be handed on: "
                    + error.getMessage() + " is not java.io.Serializable; make it so, or map texts, numbers, lists and maps");
        } catch (IOException error) {
            throw new IllegalStateException(
                    "a task of class " + object.getClass().getName() + " cannot be handed on: " + error, error);
        }
        Map<String, Object> made = told(object);
        made.put(DATA, Base64.getEncoder().encodeToString(bytes.toByteArray()));
        return made;
    }

    private Object read(String name, String text, Object data) {
        if (data == null) {
            return number(name, text);
        }
        try (ObjectInputStream stream = new Reader(Base64.getDecoder().decode((String) data))) {
            return stream.readObject();
        } catch (IOException | ClassNotFoundException | RuntimeException error) {
            throw new IllegalStateException("a task of class " + name + " cannot be read back: " + error
                    + "; its class must be the same for the run that maps and the run that works", error);
        }
    }

    private static Object number(String name, String text) {
        switch (name) {
            case "java.lang.Long":
                return Long.valueOf(text);
            case "java.lang.Short":
                return Short.valueOf(text);
            case "java.lang.Byte":
                return Byte.valueOf(text);
            case "java.lang.Float":
                return Float.valueOf(text);
            case "java.lang.Double":
                return Double.valueOf(text);
            case "java.lang.Character":
                return text.charAt(0);
            case "java.math.BigInteger":
                return new BigInteger(text);
            case "java.math.BigDecimal":
                return new BigDecimal(text);
            default:
                throw new IllegalStateException("a task of class " + name + " cannot be read back: it has no data");
        }
    }

    /** Finds classes where the job's own are, and not where this class is. */
    private final class Reader extends ObjectInputStream {
        Reader(byte[] data) throws IOException {
            super(new ByteArrayInputStream(data));
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass wanted) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(wanted.getName(), false, loader);
            } catch (ClassNotFoundException absent) {
                return super.resolveClass(wanted); // primitive types have no loader
            }
        }

        @Override
        protected Class<?> resolveProxyClass(String[] names) throws ClassNotFoundException {
            Class<?>[] types = new Class<?>[names.length];
            for (int i = 0; i < names.length; i++) {
                types[i] = Class.forName(names[i], false, loader);
            }
            return Proxy.getProxyClass(loader, types);
        }
    }
}
