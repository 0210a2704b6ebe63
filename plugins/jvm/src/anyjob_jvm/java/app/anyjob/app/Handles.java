package anyjob.app;

import java.util.Map;

/** Answers a request of the job type's own, such as {@code take}. One after the other, in a thread of the link. */
public interface Handles {
    /**
     * @param message all fields
     * @return the fields of the answer {@code ok}; null for none
     * @throws Refused the answer is an error with its text; so is whatever else is thrown
     */
    Map<String, ?> handle(Map<String, Object> message) throws Exception;
}
