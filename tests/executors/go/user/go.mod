module example.com/userjobs

go 1.20

require github.com/alibaba/schedulerx-worker-go v1.0.8

replace github.com/alibaba/schedulerx-worker-go => ../schedulerx
