package clients;

import com.google.gson.JsonObject;

/** One of the vendor's SDKs. Answers have the spelling of the wire, so that one set of tests reads all clients'. */
interface Vendor extends AutoCloseable {
    JsonObject create(JsonObject job) throws Exception;

    long execute(long job, String parameters) throws Exception;

    JsonObject instance(long job, long instance) throws Exception;

    JsonObject stop(long job, long instance) throws Exception;

    /** What the SDK's own exception says. */
    JsonObject seen(Throwable fault);
}
