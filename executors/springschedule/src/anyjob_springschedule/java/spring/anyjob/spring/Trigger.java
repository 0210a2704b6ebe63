package anyjob.spring;

import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.support.CronExpression;
import org.springframework.util.StringValueResolver;

/** When Spring fires a method: one @Scheduled with its placeholders resolved. */
final class Trigger {
    private static final Pattern SIMPLE = Pattern.compile("([+-]?\\d+)(ns|us|ms|s|m|h|d)");

    private final Map<String, Object> said = new LinkedHashMap<String, Object>();

    /** What cannot be read is told as it stands: Spring itself says what is wrong with it. */
    static Trigger of(Scheduled scheduled, StringValueResolver resolver) {
        Trigger trigger = new Trigger();
        TimeUnit unit = unit(scheduled);
        String cron = resolved(scheduled.cron(), resolver);
        if (!cron.isEmpty()) {
            trigger.cron(cron, resolved(scheduled.zone(), resolver));
        }
        trigger.span("fixedDelay", scheduled.fixedDelay(), resolved(scheduled.fixedDelayString(), resolver), unit);
        trigger.span("fixedRate", scheduled.fixedRate(), resolved(scheduled.fixedRateString(), resolver), unit);
        trigger.span("initialDelay", scheduled.initialDelay(), resolved(scheduled.initialDelayString(), resolver), unit);
        return trigger;
    }

    /** cron, zone, gap (seconds between the next two times of the cron); fixedDelay, fixedRate, initialDelay in ms. */
    Map<String, Object> json() {
        return said;
    }

    /** Whether it is switched off, by cron "-". */
    boolean never() {
        return Scheduled.CRON_DISABLED.equals(said.get("cron"));
    }

    private void cron(String cron, String zone) {
        said.put("cron", cron);
        if (!zone.isEmpty()) {
            said.put("zone", zone);
        }
        if (Scheduled.CRON_DISABLED.equals(cron)) {
            return;
        }
        try {
            ZoneId in = zone.isEmpty() ? ZoneId.systemDefault() : TimeZone.getTimeZone(zone).toZoneId();
            CronExpression expression = CronExpression.parse(cron);
            ZonedDateTime next = expression.next(ZonedDateTime.now(in));
            ZonedDateTime then = next == null ? null : expression.next(next);
            if (then != null) {
                said.put("gap", Duration.between(next, then).getSeconds());
            }
        } catch (IllegalArgumentException unreadable) {
            said.put("unreadable", String.valueOf(unreadable.getMessage()));
        }
    }

    private void span(String name, long number, String text, TimeUnit unit) {
        if (number >= 0) {
            said.put(name, unit.toMillis(number));
        } else if (!text.isEmpty()) {
            try {
                said.put(name, millis(text, unit));
            } catch (RuntimeException unreadable) {
                said.put("unreadable", name + " " + text);
            }
        }
    }

    /** A number, ISO 8601, or (Spring 6.2 and later) 10s. */
    private static long millis(String text, TimeUnit unit) {
        if (text.length() > 1 && (text.charAt(0) == 'P' || text.charAt(1) == 'P')) {
            return Duration.parse(text).toMillis();
        }
        Matcher simple = SIMPLE.matcher(text);
        if (!simple.matches()) {
            return unit.toMillis(Long.parseLong(text));
        }
        long number = Long.parseLong(simple.group(1));
        switch (simple.group(2)) {
            case "ns":
                return TimeUnit.NANOSECONDS.toMillis(number);
            case "us":
                return TimeUnit.MICROSECONDS.toMillis(number);
            case "ms":
                return number;
            case "s":
                return TimeUnit.SECONDS.toMillis(number);
            case "m":
                return TimeUnit.MINUTES.toMillis(number);
            case "h":
                return TimeUnit.HOURS.toMillis(number);
            default:
                return TimeUnit.DAYS.toMillis(number);
        }
    }

    private static String resolved(String text, StringValueResolver resolver) {
        String value = resolver == null ? text : resolver.resolveStringValue(text);
        return value == null ? "" : value.trim();
    }

    /** timeUnit() came with Spring 5.3.10. */
    private static TimeUnit unit(Scheduled scheduled) {
        try {
            return scheduled.timeUnit();
        } catch (NoSuchMethodError earlier) {
            return TimeUnit.MILLISECONDS;
        }
    }
}
