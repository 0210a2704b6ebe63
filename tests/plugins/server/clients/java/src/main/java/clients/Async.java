package clients;

import static clients.Json.flag;
import static clients.Json.number;
import static clients.Json.text;

import com.aliyun.auth.credentials.Credential;
import com.aliyun.auth.credentials.provider.StaticCredentialProvider;
import com.aliyun.sdk.gateway.pop.exception.PopClientException;
import com.aliyun.sdk.service.schedulerx220190430.AsyncClient;
import com.aliyun.sdk.service.schedulerx220190430.models.*;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import darabonba.core.client.ClientOverrideConfiguration;
import java.util.ArrayList;
import java.util.List;

/** com.aliyun:alibabacloud-schedulerx220190430. */
final class Async implements Vendor {
    private final AsyncClient client;
    private final String namespace;
    private final String group;

    Async(String endpoint, String id, String secret, String namespace, String group) {
        Credential credential = Credential.builder().accessKeyId(id).accessKeySecret(secret).build();
        this.client = AsyncClient.builder()
                .region("cn-hangzhou")
                .credentialsProvider(StaticCredentialProvider.create(credential))
                .overrideConfiguration(ClientOverrideConfiguration.create().setEndpointOverride(endpoint).setProtocol("HTTP"))
                .build();
        this.namespace = namespace;
        this.group = group;
    }

    @Override
    public JsonObject create(JsonObject job) throws Exception {
        List<CreateJobRequest.ContactInfo> contacts = new ArrayList<>();
        for (JsonElement each : job.getAsJsonArray("ContactInfo")) {
            contacts.add(contact(each.getAsJsonObject()));
        }
        CreateJobRequest request = CreateJobRequest.builder()
                .regionId("cn-hangzhou").namespace(namespace).groupId(group)
                .name(text(job, "Name")).description(text(job, "Description"))
                .jobType(text(job, "JobType")).executeMode(text(job, "ExecuteMode")).timeType(number(job, "TimeType"))
                .content(text(job, "Content")).parameters(text(job, "Parameters")).xAttrs(text(job, "XAttrs"))
                .priority(number(job, "Priority")).maxConcurrency(number(job, "MaxConcurrency"))
                .maxAttempt(number(job, "MaxAttempt")).attemptInterval(number(job, "AttemptInterval"))
                .timeout(job.get("Timeout").getAsLong())
                .timeoutEnable(flag(job, "TimeoutEnable")).timeoutKillEnable(flag(job, "TimeoutKillEnable"))
                .failEnable(flag(job, "FailEnable")).failTimes(number(job, "FailTimes"))
                .missWorkerEnable(flag(job, "MissWorkerEnable")).successNoticeEnable(flag(job, "SuccessNoticeEnable"))
                .sendChannel(text(job, "SendChannel")).contactInfo(contacts)
                .build();
        CreateJobResponseBody body = client.createJob(request).get().getBody();
        return Json.of("Code", body.getCode(), "Success", body.getSuccess(), "Message", body.getMessage(),
                "RequestId", body.getRequestId(),
                "Data", body.getData() == null ? null : Json.of("JobId", body.getData().getJobId()));
    }

    private static CreateJobRequest.ContactInfo contact(JsonObject one) {
        CreateJobRequest.ContactInfo.Builder made = CreateJobRequest.ContactInfo.builder().userName(text(one, "UserName"));
        // This SDK cannot send a field that was set to null.
        if (one.has("UserMail")) {
            made.userMail(text(one, "UserMail"));
        }
        if (one.has("UserPhone")) {
            made.userPhone(text(one, "UserPhone"));
        }
        if (one.has("Ding")) {
            made.ding(text(one, "Ding"));
        }
        return made.build();
    }

    @Override
    public long execute(long job, String parameters) throws Exception {
        ExecuteJobRequest request = ExecuteJobRequest.builder()
                .regionId("cn-hangzhou").namespace(namespace).groupId(group)
                .jobId(job).instanceParameters(parameters).checkJobStatus(true).build();
        ExecuteJobResponseBody body = client.executeJob(request).get().getBody();
        if (!body.getSuccess()) {
            throw new IllegalStateException(body.getMessage());
        }
        return body.getData().getJobInstanceId();
    }

    @Override
    public JsonObject instance(long job, long instance) throws Exception {
        GetJobInstanceRequest request = GetJobInstanceRequest.builder()
                .regionId("cn-hangzhou").namespace(namespace).groupId(group).jobId(job).jobInstanceId(instance).build();
        GetJobInstanceResponseBody.JobInstanceDetail detail =
                client.getJobInstance(request).get().getBody().getData().getJobInstanceDetail();
        return Json.of("Status", detail.getStatus(), "JobId", detail.getJobId(), "InstanceId", detail.getInstanceId(),
                "JobName", detail.getJobName(), "Parameters", detail.getParameters(), "Result", detail.getResult(),
                "TriggerType", detail.getTriggerType(), "TimeType", detail.getTimeType(),
                "ScheduleTime", detail.getScheduleTime(), "StartTime", detail.getStartTime(),
                "EndTime", detail.getEndTime());
    }

    @Override
    public JsonObject stop(long job, long instance) throws Exception {
        StopInstanceRequest request = StopInstanceRequest.builder()
                .regionId("cn-hangzhou").namespace(namespace).groupId(group).jobId(job).instanceId(instance).build();
        StopInstanceResponseBody body = client.stopInstance(request).get().getBody();
        return Json.of("Code", body.getCode(), "Success", body.getSuccess(), "RequestId", body.getRequestId());
    }

    @Override
    public JsonObject seen(Throwable raised) {
        PopClientException fault = (PopClientException) raised.getCause(); // of the future's ExecutionException
        return Json.of("class", fault.getClass().getSimpleName(), "code", fault.getErrCode(),
                "message", fault.getErrMessage(), "status", fault.getStatusCode(), "request", fault.getRequestId());
    }

    @Override
    public void close() {
        client.close();
    }
}
