package demo.a;

import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

@Component("sameA")
public class Same {
    @Scheduled(cron = "0/1 * * * * *")
    public void run() {
        demo.Demo.hit("a.Same.run");
    }

    public void run(String other) { }
}
