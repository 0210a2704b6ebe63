// A program as users of the public worker write it. It knows nothing of anyjob: only go.mod has a line more.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alibaba/schedulerx-worker-go"
	"github.com/alibaba/schedulerx-worker-go/config"
	"github.com/alibaba/schedulerx-worker-go/logger"
	"github.com/alibaba/schedulerx-worker-go/processor/mapjob"
)

func main() {
	orders := &Orders{mapjob.NewMapReduceJobProcessor()} // before there is a client
	cfg := &schedulerx.Config{
		Endpoint:  "acm.example.com",
		Namespace: "433d8b23-06e9-408c-aaaa-90d4d1b9a4af",
		GroupId:   "gojob-test",
		AppKey:    "xxxxxxx",
	}
	client, err := schedulerx.GetClient(cfg, schedulerx.WithWorkerConfig(config.NewWorkerConfig(
		config.WithDisableMapMasterFailover(), config.WithGrpcPort(8081))), schedulerx.WithTracer(&Tracer{}))
	if err != nil {
		panic(err)
	}
	time.Sleep(200 * time.Millisecond) // connects to a database
	client.RegisterTask("HelloWorld", &HelloWorld{})
	client.RegisterTask("Ctx", Ctx{})
	client.RegisterTask("Broadcast", Broadcast{})
	client.RegisterTask("Orders", orders)
	client.RegisterTask("Panics", Panics{})
	client.RegisterTask("Nil", Nil{})
	client.RegisterTask("Getters", Getters{})
	logger.Infof("registered %d tasks", 7)
	if os.Getenv("USER_MAIN") == "select" {
		select {}
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	<-c
	time.Sleep(time.Second * 5)
	fmt.Println("main is over")
}
