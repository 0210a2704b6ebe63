// An application with the job of CreateJob's page, and one that stays in its middle.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"anyjob"
)

func main() {
	anyjob.RegisterFunc("HelloWorld", hello)
	anyjob.RegisterFunc("Stays", stays)
	if err := anyjob.Serve(); err != nil {
		log.Fatal(err)
	}
}

func hello(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("this is %s", run.Content)
	return anyjob.Succeed("hello " + run.Parameters), nil
}

// stays adds a line to the file "begun" of the folder that its parameters name, and goes on until there is a file
// "over".
func stays(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	begun, err := os.OpenFile(filepath.Join(run.Parameters, "begun"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer begun.Close()
	run.Log.Printf("once")
	if _, err := fmt.Fprintln(begun, run.ID); err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(run.Parameters, "over")); err == nil {
			run.Log.Printf("whole")
			return anyjob.Succeed("whole"), nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
