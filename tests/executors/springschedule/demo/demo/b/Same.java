package demo.b;

import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

@Component("sameB")
public class Same {
    @Scheduled(cron = "0/1 * * * * *")
    @Scheduled(fixedDelay = 500)
    public String run() {
        demo.Demo.hit("b.Same.run");
        return "result of b";
    }
}
