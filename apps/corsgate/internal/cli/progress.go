package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/corsgate/corsgate/internal/report"
)

// working shows on a terminal what the command is at and for how long, from a second on, until the function that it returns is
// called. Nothing else may be written to standard error in the meantime. What is called from another goroutine.
func (c Command) working(what func() string) (end func()) {
	if !report.Terminal(c.Stderr) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		begun := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-tick.C:
				shown = true
				fmt.Fprintf(c.Stderr, "\r%s, %d s\x1b[K", report.OneLine(what()), int(time.Since(begun).Seconds()))
			case <-stop:
				if shown {
					fmt.Fprint(c.Stderr, "\r\x1b[K")
				}
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}

// at is a text for [Command.working] that does not change.
func at(text string) func() string { return func() string { return text } }
