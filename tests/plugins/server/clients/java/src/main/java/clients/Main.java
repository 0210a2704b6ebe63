package clients;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The steps of the tests, by each of the vendor's SDKs in turn. Reads what to do from standard input. */
public final class Main {
    private interface Opener {
        Vendor open(String endpoint, String id, String secret, String namespace, String group);
    }

    private final JsonObject order;

    private Main(JsonObject order) {
        this.order = order;
    }

    private Vendor open(Opener opener, String secret) {
        JsonObject scope = order.getAsJsonObject("Scope");
        return opener.open(Json.text(order, "Endpoint"), Json.text(order, "KeyId"), secret,
                Json.text(scope, "Namespace"), Json.text(scope, "GroupId"));
    }

    private JsonObject steps(Opener opener, String client) throws Exception {
        JsonObject mine = order.getAsJsonObject(client);
        JsonObject job = mine.getAsJsonObject("Job");
        JsonObject said = new JsonObject();
        try (Vendor vendor = open(opener, Json.text(order, "KeySecret"))) {
            JsonObject created = vendor.create(job);
            said.add("created", created);
            said.add("again", vendor.create(job));
            long id = created.getAsJsonObject("Data").get("JobId").getAsLong();
            long instance = vendor.execute(id, Json.text(order, "InstanceParameters"));
            said.add("ended", until(vendor, id, instance, 4, 5));

            JsonObject sleeping = vendor.create(mine.getAsJsonObject("Sleeper"));
            long sleeper = sleeping.getAsJsonObject("Data").get("JobId").getAsLong();
            long running = vendor.execute(sleeper, "");
            until(vendor, sleeper, running, 3, 3);
            said.add("stop", vendor.stop(sleeper, running));
            said.add("stopped", until(vendor, sleeper, running, 4, 5));
        }
        try (Vendor stranger = open(opener, "wrong")) {
            try {
                stranger.create(job);
            } catch (Exception fault) {
                said.add("refused", stranger.seen(fault));
            }
        }
        return said;
    }

    private static JsonObject until(Vendor vendor, long job, long instance, int status, int other) throws Exception {
        while (true) {
            JsonObject seen = vendor.instance(job, instance);
            int now = seen.get("Status").getAsInt();
            if (now == status || now == other) {
                return seen;
            }
            Thread.sleep(50);
        }
    }

    public static void main(String[] words) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        InputStreamReader in = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        Main main = new Main(JsonParser.parseReader(in).getAsJsonObject());
        out.println(Json.of(
                "java async", main.steps(Async::new, "java async"), "java core", main.steps(Core::new, "java core")));
        System.exit(0); // the SDKs' own threads go on for a while
    }
}
