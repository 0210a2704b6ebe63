package clients;

import com.google.gson.Gson;
import com.google.gson.JsonObject;

/** JSON objects and what is in them. */
final class Json {
    private static final Gson GSON = new Gson();

    private Json() {}

    static JsonObject of(Object... namesAndValues) {
        JsonObject made = new JsonObject();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            made.add((String) namesAndValues[i], GSON.toJsonTree(namesAndValues[i + 1]));
        }
        return made;
    }

    static String text(JsonObject fields, String name) {
        return fields.has(name) ? fields.get(name).getAsString() : null;
    }

    static int number(JsonObject fields, String name) {
        return fields.get(name).getAsInt();
    }

    static boolean flag(JsonObject fields, String name) {
        return fields.get(name).getAsBoolean();
    }
}
