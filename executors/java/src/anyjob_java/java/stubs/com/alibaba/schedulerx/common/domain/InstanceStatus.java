package com.alibaba.schedulerx.common.domain;

/** Enough of the class to compile the overlay; never packed. */
public enum InstanceStatus {
    SUCCESS,
    FAILED
}
