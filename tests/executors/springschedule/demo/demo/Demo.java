package demo;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** An application with awkward @Scheduled methods, each of which counts its calls. */
@SpringBootApplication
@EnableScheduling
@EnableAsync
@EnableTransactionManagement
public class Demo {
    private static final ConcurrentMap<String, AtomicInteger> HITS = new ConcurrentHashMap<>();
    private static ConfigurableApplicationContext context;

    public static void hit(String name) {
        HITS.computeIfAbsent(name, key -> new AtomicInteger()).incrementAndGet();
    }

    private static boolean active() {
        return TransactionSynchronizationManager.isActualTransactionActive();
    }

    /** The calls so far; counting begins anew. */
    @Scheduled(cron = "-")
    public Map<String, Object> hits() {
        Map<String, Object> counted = new TreeMap<>();
        HITS.forEach((name, count) -> counted.put(name, count.get()));
        HITS.clear();
        return counted;
    }

    @Scheduled(cron = "-")
    public void makesLate() {
        context.getBean("lazy");
    }

    @Component("plain")
    static class Plain {
        @Scheduled(fixedRate = 300)
        public void tick() {
            hit("plain.tick");
        }

        @Scheduled(cron = "${my.cron:*/1 * * * * *}", zone = "Asia/Shanghai")
        void report() {
            hit("plain.report");
        }

        @Scheduled(fixedDelayString = "PT0.4S", initialDelay = 100)
        private void secret() {
            hit("plain.secret");
        }
    }

    @Component("tx")
    static class Tx {
        @Scheduled(fixedRate = 300)
        @Transactional
        public String work() {
            hit("tx.work");
            return "active=" + active();
        }
    }

    @Component("jdk")
    static class Jdk implements Face {
        @Scheduled(fixedRate = 300)
        @Transactional
        public String facing() {
            hit("jdk.facing");
            return "active=" + active();
        }
    }

    @Component("asyn")
    static class Asyn {
        @Scheduled(fixedRate = 300)
        @Async
        public void fire() throws Exception {
            Thread.sleep(200);
            hit("asyn.fire on " + Thread.currentThread().getName().replaceAll("[0-9-]+$", ""));
        }

        @Scheduled(fixedRate = 300)
        @Async
        public CompletableFuture<String> future() throws Exception {
            Thread.sleep(50);
            hit("asyn.future");
            return CompletableFuture.completedFuture("future result");
        }

        @Scheduled(fixedRate = 60_000)
        @Async
        @Transactional
        public void both() {
            hit("asyn.both");
        }
    }

    abstract static class Base {
        @Scheduled(fixedRate = 300)
        public String go() {
            String name = getClass().getSimpleName() + ".go";
            hit(name);
            return name;
        }
    }

    @Component("one")
    static class One extends Base { }

    @Component("two")
    static class Two extends Base { }

    @Component("lazy")
    @Lazy
    static class Late {
        @Scheduled(fixedRate = 300)
        public void late() {
            hit("lazy.late");
        }
    }

    @Bean
    PlatformTransactionManager transactions() {
        return new AbstractPlatformTransactionManager() {
            @Override
            protected Object doGetTransaction() {
                return new Object();
            }

            @Override
            protected void doBegin(Object transaction, TransactionDefinition definition) { }

            @Override
            protected void doCommit(DefaultTransactionStatus status) { }

            @Override
            protected void doRollback(DefaultTransactionStatus status) {
                hit("rollback");
            }
        };
    }

    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(Demo.class);
        application.setBannerMode(Banner.Mode.OFF);
        context = application.run(arguments);
    }
}
