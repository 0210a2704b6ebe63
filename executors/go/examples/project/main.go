// A program with two jobs.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"anyjob"
)

func main() {
	anyjob.RegisterFunc("HelloWorld", hello)
	anyjob.Register("CountOrders", &counter{perCity: 3})
	if err := anyjob.Serve(); err != nil {
		log.Fatal(err)
	}
}

func hello(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("hello %s, this is %s", run.Parameters, run.ID)
	for step := int64(1); step <= 3; step++ {
		select {
		case <-ctx.Done(): // somebody has stopped the run, or its deadline has passed
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
		if err := run.Progress(step, 3); err != nil {
			return nil, err
		}
	}
	return anyjob.Succeed("greeted "+run.Parameters).With("greeted", run.Parameters), nil
}

// counter is an object, because it has something to keep between runs.
type counter struct{ perCity int }

func (c *counter) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	if run.Shard == nil {
		return nil, fmt.Errorf("give the cities as shards: 0=beijing,1=shanghai")
	}
	city := strings.TrimSpace(run.Shard.Parameter)
	run.Log.Printf("counting orders of %s", city)
	if run.Shard.ID == 0 && run.Attempt == 0 {
		return anyjob.Fail("database busy"), nil // tried again, as the job says
	}
	return anyjob.Succeed(fmt.Sprintf("%s: %d orders", city, c.perCity)), nil
}
