package lambdarun

import (
	"bytes"
	"io"
	"sync"
)

// maxLine is where a line is broken: the size of a log event of CloudWatch,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
const maxLine = 256 << 10

// A log writes whole lines of many functions to one writer.
type log struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *log) line(name string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := make([]byte, 0, len(name)+len(text)+3)
	b = append(append(append(b, name...), ": "...), text...)
	l.w.Write(append(b, '\n')) // a log that cannot be written to is nobody's failure
}

// A lines is the output of one process. It may be used by one goroutine at a
// time.
type lines struct {
	log  *log
	name string
	rest []byte // of a line that is not ended
}

// Write never fails: a function is not to be ended by its log.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		l.rest = append(l.rest, line...)
		for len(l.rest) > maxLine {
			l.log.line(l.name, l.rest[:maxLine])
			l.rest = append([]byte(nil), l.rest[maxLine:]...)
		}
		if !ended {
			return n, nil
		}
		l.flush(true)
		p = rest
	}
}

// flush writes the line; one that is not ended only if there is any of it.
func (l *lines) flush(ended bool) {
	if ended || len(l.rest) > 0 {
		l.log.line(l.name, bytes.TrimSuffix(l.rest, []byte("\r")))
	}
	l.rest = l.rest[:0]
}
