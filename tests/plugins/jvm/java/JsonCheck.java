import anyjob.app.Json;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Reads JSON texts, one base64 line each; writes "ok" and the text that it writes for the value, or "no" and why. */
public final class JsonCheck {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        PrintStream out = new PrintStream(System.out, false, "US-ASCII");
        String line;
        while ((line = in.readLine()) != null) {
            String said;
            try {
                said = "ok " + Json.write(Json.parse(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8)));
            } catch (IllegalArgumentException wrong) {
                said = "no " + wrong.getMessage();
            }
            out.println(Base64.getEncoder().encodeToString(said.getBytes(StandardCharsets.UTF_8)));
        }
        out.flush();
    }
}
