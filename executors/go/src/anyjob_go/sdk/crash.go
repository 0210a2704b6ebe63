//go:build go1.23

package anyjob

import (
	"os"
	"runtime/debug"
)

// keepCrash lets the runtime write what it says when it gives up into a file, too: a panic in a goroutine of the user's
// own ends the process, and nothing here can catch it.
func keepCrash(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return // the log has it all the same
	}
	_ = debug.SetCrashOutput(file, debug.CrashOptions{})
	_ = file.Close()
}
