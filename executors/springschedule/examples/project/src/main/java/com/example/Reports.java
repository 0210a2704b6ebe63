package com.example;

import anyjob.app.Call;
import java.util.Map;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

@Component
public class Reports {
    /** As it was before anyjob: nothing here knows of it. */
    @Scheduled(cron = "0 0 6 * * MON-FRI", zone = "Asia/Shanghai")
    public String daily() {
        System.out.println("writing the daily report");
        return "12 pages";
    }

    /** Code that wants to know by which job it is called. Null: Spring has called it. */
    @Scheduled(fixedDelay = 300_000)
    public Map<String, Object> count() {
        Call call = Call.current();
        String[] names = call == null ? new String[] {"EUR"} : call.text("parameters").split(",");
        for (int done = 1; done <= names.length; done++) {
            System.out.println("counting " + names[done - 1]);
            if (call != null) {
                call.progress(done, names.length);
            }
        }
        return Map.of("counted", names.length);
    }
}
