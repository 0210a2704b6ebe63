module github.com/alibaba/schedulerx-worker-go

go 1.20
