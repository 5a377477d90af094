package wrapper

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
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

// A refusal reaches the runtime, and Lambda neither reads the rest nor closes the connection. One that reads late, after it has
// sent an interim response, gets everything.
func TestUnread(t *testing.T) {
	const size = 32 << 20 // more than waits between two programs
	for want, upstream := range map[string]func(c net.Conn, r *http.Request){
		"413 ": func(c net.Conn, _ *http.Request) {
			io.WriteString(c, "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\n\r\n")
		},
		fmt.Sprintf("200 %d", size): func(c net.Conn, r *http.Request) {
			io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n")
			time.Sleep(100 * time.Millisecond)
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%d", n)
		},
	} {
		api, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			c, err := api.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			upstream(c, r)
			<-done
		}()
		_, addr := serveAt(t, api.Addr().String())
		c, response := dial(t, addr, "")
		c.SetDeadline(time.Now().Add(20 * time.Second))
		go fmt.Fprintf(c, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
		if got, err := response(); got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		close(done)
		api.Close()
	}
}
