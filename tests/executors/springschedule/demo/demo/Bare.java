package demo;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** Has no @EnableScheduling. */
@EnableAutoConfiguration
public class Bare {
    public static void main(String[] arguments) {
        SpringApplication.run(Bare.class, arguments);
    }
}
