package wrapper

import (
	"net/http"
	"testing"
	"time"
)

// Lambda learns that a runtime is gone while it waits for an event, so that the event is not lost.
func TestGoneWhileWaiting(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	}))
	c, _ := dial(t, addr, next)
	<-asked
	c.Close()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("it does not learn it")
	}
}
