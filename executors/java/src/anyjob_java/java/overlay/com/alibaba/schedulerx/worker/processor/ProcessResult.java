package com.alibaba.schedulerx.worker.processor;

import com.alibaba.schedulerx.common.domain.InstanceStatus;

/**
 * Stands before the class of this name in SchedulerX's worker jar, which cuts a text of over 1000 bytes: this one keeps it
 * whole. Written from the public signatures.
 */
public class ProcessResult {
    protected InstanceStatus status;
    protected String result;
    protected String stackInfo;

    public ProcessResult() {
    }

    public ProcessResult(InstanceStatus status) {
        this.status = status;
    }

    public ProcessResult(boolean success) {
        setStatus(success);
    }

    public ProcessResult(InstanceStatus status, String result) {
        this.status = status;
        this.result = result;
    }

    public ProcessResult(boolean success, String result) {
        setStatus(success);
        this.result = result;
    }

    public InstanceStatus getStatus() {
        return status;
    }

    public void setStatus(InstanceStatus status) {
        this.status = status;
    }

    public void setStatus(boolean success) {
        this.status = success ? InstanceStatus.SUCCESS : InstanceStatus.FAILED;
    }

    public String getResult() {
        return result;
    }

    public void setResult(String result) {
        this.result = result;
    }

    @Override
    public String toString() {
        return "ProcessResult [status=" + status + ", result=" + result + "]";
    }
}
