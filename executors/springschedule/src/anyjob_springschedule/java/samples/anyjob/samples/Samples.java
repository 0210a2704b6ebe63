package anyjob.samples;

import anyjob.app.Call;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** The application of the conformance suite: a method for each sample. Spring fires none of them. */
@SpringBootApplication
@EnableScheduling
public class Samples {
    public static void main(String[] arguments) {
        SpringApplication.run(Samples.class, arguments);
    }

    @Scheduled(cron = "-")
    public String succeeds() {
        call().log("first");
        return "hello";
    }

    @Scheduled(cron = "-")
    public void fails() {
        throw new IllegalStateException("no");
    }

    @Scheduled(cron = "-")
    public String echoes() {
        return call().text("instance_parameters");
    }

    @Scheduled(cron = "-")
    public void sleeps() throws InterruptedException {
        call().log("ready");
        Thread.sleep(120_000);
    }

    /** It ends a little after it was asked, as code that tidies up does. */
    @Scheduled(cron = "-")
    public void obeys() {
        call().log("ready");
        pause(120_000);
        pause(100);
    }

    @Scheduled(cron = "-")
    public void remembers() {
        Path file = Paths.get(call().text("parameters"));
        append(file, call().run() + " begin\n");
        pause(300);
        append(file, call().run() + " end\n");
    }

    @Scheduled(cron = "-")
    public void counts() {
        for (int number = 1; number <= 300; number++) {
            call().log(Integer.toString(number));
            pause(2);
        }
    }

    @Scheduled(cron = "-")
    public void floods() {
        byte[] line = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n".getBytes(StandardCharsets.UTF_8);
        byte[] block = new byte[line.length * 1024];
        for (int at = 0; at < block.length; at += line.length) {
            System.arraycopy(line, 0, block, at, line.length);
        }
        for (int count = 0; count < 64; count++) {
            call().log(block);
        }
    }

    @Scheduled(cron = "-")
    public void longLine() {
        byte[] block = new byte[100_000];
        Arrays.fill(block, (byte) 'x');
        for (int count = 0; count < 40; count++) {
            call().log(block);
        }
    }

    /** The bytes that its parameters say in base64. */
    @Scheduled(cron = "-")
    public void bytes() {
        call().log(Base64.getDecoder().decode(call().text("parameters")));
    }

    @Scheduled(cron = "-")
    public String gbk() {
        byte[] bytes = Base64.getDecoder().decode(call().text("parameters"));
        call().log(bytes);
        return new String(bytes, Charset.forName("GBK")).trim();
    }

    @Scheduled(cron = "-")
    public void facts() {
        Call call = call();
        Map<?, ?> shard = (Map<?, ?>) call.facts().get("shard");
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("RUN", call.run());
        facts.put("JOB_NAME", call.text("job"));
        facts.put("INSTANCE_ID", call.text("instance"));
        facts.put("TASK_ID", call.text("task"));
        facts.put("TRIGGER_TYPE", call.text("trigger"));
        for (String name : List.of("key", "job_id", "task_name", "attempt", "phase", "parameters", "instance_parameters",
                "schedule_time", "data_time", "deadline")) {
            facts.put(name.toUpperCase(), call.facts().get(name) == null ? null : call.text(name));
        }
        if (shard != null) {
            facts.put("SHARD_ID", shard.get("id"));
            facts.put("SHARD_PARAMETER", shard.get("parameter"));
            facts.put("SHARD_TOTAL", shard.get("total"));
        }
        facts.forEach((name, value) -> {
            if (value != null) {
                call.log("ANYJOB_" + name + "=" + value);
            }
        });
    }

    @Scheduled(cron = "-")
    public String shard() {
        Map<?, ?> shard = (Map<?, ?>) call().facts().get("shard");
        return shard.get("id") + " " + shard.get("parameter") + " " + shard.get("total");
    }

    @Scheduled(cron = "-")
    public Map<String, Object> outputs() {
        Map<String, Object> outputs = new LinkedHashMap<>();
        outputs.put("answer", 42);
        outputs.put("words", List.of("a", "b"));
        return outputs;
    }

    @Scheduled(cron = "-")
    public void progresses() {
        for (int done = 1; done <= 3; done++) {
            call().progress(done, 3);
            pause(20);
        }
    }

    @Scheduled(cron = "-")
    public int secret() {
        String secret = call().secret("TOKEN");
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        call().log("plain " + secret);
        call().log(Base64.getEncoder().encodeToString(bytes));
        call().log(Arrays.copyOf(bytes, 5));
        call().log(Arrays.copyOfRange(bytes, 5, bytes.length));
        call().log("");
        return secret.length();
    }

    private static Call call() {
        return Call.current();
    }

    private static void append(Path file, String line) {
        try {
            Files.write(file, line.getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException asked) {
            // what comes next says what that means
        }
    }
}
