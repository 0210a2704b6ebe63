package demo;

import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Takes a while each time, where something asks for it. */
@Component("slow")
public class Slow {
    private final AtomicInteger going = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    @Scheduled(fixedDelayString = "${slow.delay:PT1H}", initialDelayString = "${slow.delay:PT1H}")
    public String slowly() {
        Demo.hit("slow begins");
        int now = going.incrementAndGet();
        most.accumulateAndGet(now, Math::max);
        try {
            Thread.sleep(1500);
        } catch (InterruptedException asked) {
            Demo.hit("slow interrupted");
        }
        int seen = most.getAndSet(0);
        going.decrementAndGet();
        Demo.hit("slow ends");
        return seen + " at one time";
    }
}
