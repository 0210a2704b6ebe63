package clients;

import static clients.Json.flag;
import static clients.Json.number;
import static clients.Json.text;

import com.aliyuncs.DefaultAcsClient;
import com.aliyuncs.RpcAcsRequest;
import com.aliyuncs.exceptions.ClientException;
import com.aliyuncs.http.ProtocolType;
import com.aliyuncs.profile.DefaultProfile;
import com.aliyuncs.schedulerx2.model.v20190430.*;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** com.aliyun:aliyun-java-sdk-schedulerx2 on aliyun-java-sdk-core. It knows no Priority, Status or XAttrs. */
final class Core implements Vendor {
    private final DefaultAcsClient client;
    private final String endpoint;
    private final String namespace;
    private final String group;

    Core(String endpoint, String id, String secret, String namespace, String group) {
        this.client = new DefaultAcsClient(DefaultProfile.getProfile("cn-hangzhou", id, secret));
        this.endpoint = endpoint;
        this.namespace = namespace;
        this.group = group;
    }

    private <R extends RpcAcsRequest<?>> R sent(R request) {
        request.setSysEndpoint(endpoint);
        request.setSysProtocol(ProtocolType.HTTP);
        return request;
    }

    @Override
    public JsonObject create(JsonObject job) throws Exception {
        CreateJobRequest request = sent(new CreateJobRequest());
        request.setNamespace(namespace);
        request.setGroupId(group);
        request.setName(text(job, "Name"));
        request.setDescription(text(job, "Description"));
        request.setJobType(text(job, "JobType"));
        request.setExecuteMode(text(job, "ExecuteMode"));
        request.setTimeType(number(job, "TimeType"));
        request.setContent(text(job, "Content"));
        request.setParameters(text(job, "Parameters"));
        request.setMaxConcurrency(number(job, "MaxConcurrency"));
        request.setMaxAttempt(number(job, "MaxAttempt"));
        request.setAttemptInterval(number(job, "AttemptInterval"));
        request.setTimeout(job.get("Timeout").getAsLong());
        request.setTimeoutEnable(flag(job, "TimeoutEnable"));
        request.setTimeoutKillEnable(flag(job, "TimeoutKillEnable"));
        request.setFailEnable(flag(job, "FailEnable"));
        request.setMissWorkerEnable(flag(job, "MissWorkerEnable"));
        request.setSendChannel(text(job, "SendChannel"));
        List<CreateJobRequest.ContactInfo> contacts = new ArrayList<>();
        for (JsonElement each : job.getAsJsonArray("ContactInfo")) {
            JsonObject one = each.getAsJsonObject();
            CreateJobRequest.ContactInfo contact = new CreateJobRequest.ContactInfo();
            contact.setUserName(text(one, "UserName"));
            contact.setUserMail(text(one, "UserMail"));
            contact.setUserPhone(text(one, "UserPhone"));
            contact.setDing(text(one, "Ding"));
            contacts.add(contact);
        }
        request.setContactInfos(contacts);
        CreateJobResponse answer = client.getAcsResponse(request);
        return Json.of("Code", answer.getCode(), "Success", answer.getSuccess(), "Message", answer.getMessage(),
                "RequestId", answer.getRequestId(), "Data", Json.of("JobId", answer.getData().getJobId()));
    }

    @Override
    public long execute(long job, String parameters) throws Exception {
        ExecuteJobRequest request = sent(new ExecuteJobRequest());
        request.setNamespace(namespace);
        request.setGroupId(group);
        request.setJobId(job);
        request.setInstanceParameters(parameters);
        request.setCheckJobStatus(true);
        ExecuteJobResponse answer = client.getAcsResponse(request);
        if (!answer.getSuccess()) {
            throw new IllegalStateException(answer.getMessage());
        }
        return answer.getData().getJobInstanceId();
    }

    @Override
    public JsonObject instance(long job, long instance) throws Exception {
        GetJobInstanceRequest request = sent(new GetJobInstanceRequest());
        request.setNamespace(namespace);
        request.setGroupId(group);
        request.setJobId(job);
        request.setJobInstanceId(instance);
        GetJobInstanceResponse.Data.JobInstanceDetail detail =
                client.getAcsResponse(request).getData().getJobInstanceDetail();
        return Json.of("Status", detail.getStatus(), "JobId", detail.getJobId(), "InstanceId", detail.getInstanceId(),
                "Result", detail.getResult(), "TriggerType", detail.getTriggerType(), "TimeType", detail.getTimeType(),
                "ScheduleTime", detail.getScheduleTime(), "StartTime", detail.getStartTime(),
                "EndTime", detail.getEndTime());
    }

    @Override
    public JsonObject stop(long job, long instance) throws Exception {
        StopInstanceRequest request = sent(new StopInstanceRequest());
        request.setNamespace(namespace);
        request.setGroupId(group);
        request.setJobId(job);
        request.setInstanceId(instance);
        StopInstanceResponse answer = client.getAcsResponse(request);
        return Json.of("Code", answer.getCode(), "Success", answer.getSuccess(), "RequestId", answer.getRequestId());
    }

    @Override
    public JsonObject seen(Throwable raised) {
        ClientException fault = (ClientException) raised;
        return Json.of("class", fault.getClass().getSimpleName(), "code", fault.getErrCode(),
                "message", fault.getErrMsg(), "request", fault.getRequestId());
    }

    @Override
    public void close() {
        client.shutdown();
    }
}
