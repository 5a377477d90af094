package cli

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := &terminal{is: true}
		var n atomic.Int32
		end := Command{Stderr: screen}.working(func() string { return fmt.Sprintf("%d\x1b]52;x requests", n.Add(1)) })
		time.Sleep(2500 * time.Millisecond)
		end()
		end()
		if want := "\r1�]52;x requests, 1 s\x1b[K\r2�]52;x requests, 2 s\x1b[K\r\x1b[K"; screen.String() != want {
			t.Errorf("%q, want %q", screen.String(), want)
		}
		// What is fast is not told, and a file is not told anything.
		screen.Reset()
		end = Command{Stderr: screen}.working(at("x"))
		time.Sleep(900 * time.Millisecond)
		end()
		var file bytes.Buffer
		end = Command{Stderr: &file}.working(at("x"))
		time.Sleep(time.Minute)
		end()
		if screen.Len()+file.Len() > 0 {
			t.Errorf("%q, %q", screen, &file)
		}
	})
}
