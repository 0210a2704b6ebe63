package demo;

import anyjob.app.Call;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** What a method can give back. None is fired by Spring. */
@Component("answers")
public class Answers {
    @Scheduled(cron = "-")
    public void nothing() { }

    @Scheduled(cron = "-")
    public String text() {
        return "中 <text>";
    }

    @Scheduled(cron = "-")
    public Map<String, Object> map() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("rows", 3);
        return map;
    }

    @Scheduled(cron = "-")
    public ProcessResult good() {
        return new ProcessResult(ProcessResult.InstanceStatus.SUCCESS, "all of it");
    }

    @Scheduled(cron = "-")
    public ProcessResult bad() {
        return new ProcessResult(ProcessResult.InstanceStatus.FAILED, "half of it");
    }

    @Scheduled(cron = "-")
    public CompletableFuture<String> future() {
        return CompletableFuture.supplyAsync(() -> {
            pause(50);
            return "later";
        });
    }

    @Scheduled(cron = "-")
    public CompletableFuture<String> brokenFuture() {
        return CompletableFuture.supplyAsync(() -> {
            throw new IllegalStateException("late no");
        });
    }

    @Scheduled(cron = "-")
    public void throwing() {
        throw new IllegalStateException("no");
    }

    @Scheduled(cron = "-")
    public Flow.Publisher<String> reactive() {
        return null;
    }

    @Scheduled(cron = "-")
    public Object hiddenReactive() {
        return (Flow.Publisher<String>) subscriber -> { };
    }

    @Scheduled(cron = "-")
    public String parameters() {
        Call call = Call.current();
        return call.text("parameters") + "|" + call.text("instance_parameters");
    }

    @Scheduled(cron = "-")
    public void prints() {
        System.out.println("from the method");
    }

    @Scheduled(cron = "-")
    public void sleeps() throws InterruptedException {
        Demo.hit("sleeps begins");
        Thread.sleep(60_000);
    }

    @Scheduled(cron = "-")
    public void pausesBriefly() {
        Demo.hit("brief begins");
        pause(1500);
        Demo.hit("brief ends");
    }

    @Scheduled(cron = "-")
    public CompletableFuture<String> neverFuture() {
        return new CompletableFuture<>();
    }

    @Scheduled(cron = "-")
    public void stubborn() {
        Demo.hit("stubborn begins");
        long end = System.nanoTime() + 4_000_000_000L;
        while (System.nanoTime() < end) {
            pause(50);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException ignored) {
            // goes on: that is what it is for
        }
    }
}
