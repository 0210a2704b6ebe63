//go:build !go1.23

package anyjob

// keepCrash: the runtime cannot do it; the log has what it says.
func keepCrash(string) {}
