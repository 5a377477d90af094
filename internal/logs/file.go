package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"
)

// Read returns the lines of a file, as they come out of
//
//   - a function's standard output;
//   - aws logs filter-log-events and get-log-events, in JSON;
//   - aws apigateway test-invoke-method, in JSON;
//   - aws logs tail, in its formats short and detailed;
//   - an export to S3, compressed or not;
//   - the console's download, CSV with the columns timestamp and message, or @timestamp and @message.
//
// A line without a time of its own has that of the one before. The error, if there is one, ends it.
func Read(name string, file io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(file, 1<<16)
		if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(in)
			if err != nil {
				yield(Line{}, fmt.Errorf("%s: %w", name, err))
				return
			}
			in = bufio.NewReaderSize(z, 1<<16)
		}
		head, _ := in.Peek(1 << 12)
		var lines iter.Seq2[Line, error]
		switch first, _, _ := strings.Cut(strings.ToLower(string(head)), "\n"); {
		case isEvents(head), isTest(head):
			lines = document(in)
		case strings.Contains(first, "timestamp,") && strings.Contains(first, "message"):
			lines = table(in)
		default:
			lines = text(in)
		}
		for l, err := range lines {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			l.Source = name
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// isEvents reports whether a file is one JSON object with a list of events.
func isEvents(head []byte) bool {
	d := json.NewDecoder(bytes.NewReader(head))
	open, err := d.Token()
	if err != nil || open != json.Delim('{') {
		return false
	}
	name, err := d.Token()
	return err == nil && (name == "events" || name == "nextForwardToken" || name == "nextBackwardToken" || name == "nextToken" || name == "searchedLogStreams")
}

// isTest reports whether a file is what aws apigateway test-invoke-method prints: one JSON object with the log of the console's test.
func isTest(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"log": "Execution log for request`))
}

func document(in io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		var doc struct {
			Events []struct {
				Timestamp int64  `json:"timestamp"`
				Message   string `json:"message"`
			} `json:"events"`
			Log string `json:"log"`
		}
		if err := json.NewDecoder(in).Decode(&doc); err != nil {
			yield(Line{}, fmt.Errorf("its JSON cannot be read: %w", err))
			return
		}
		for l := range strings.SplitSeq(doc.Log, "\n") {
			if l != "" && !yield(Line{Text: l}, nil) {
				return
			}
		}
		for _, e := range doc.Events {
			if !yield(Line{Time: time.UnixMilli(e.Timestamp), Text: e.Message}, nil) {
				return
			}
		}
	}
}

// table reads CSV. Times are in milliseconds, or as 2006-01-02 15:04:05.000.
func table(in io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		r := csv.NewReader(in)
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		at, message := -1, -1
		for {
			row, err := r.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Line{}, err)
				return
			}
			if at < 0 {
				for i, name := range row {
					switch strings.Trim(strings.ToLower(name), "@\ufeff ") {
					case "timestamp":
						at = i
					case "message":
						message = i
					}
				}
				if at < 0 || message < 0 {
					yield(Line{}, fmt.Errorf("the columns are %s; timestamp and message are needed", strings.Join(row, ", ")))
					return
				}
				continue
			}
			if max(at, message) < len(row) && !yield(Line{Time: moment(row[at]), Text: row[message]}, nil) {
				return
			}
		}
	}
}

// stamp is a time at the start of a line: that of exports, or of aws logs tail, which may put the stream after it.
var stamp = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) (?:(?:\d{4}/\d\d/\d\d/\S*\[\S+\]\S*|[0-9a-f]{32}) )?`)

// longest is the longest line that is read whole: CloudWatch Logs takes no longer ones
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html).
const longest = 1 << 20

func text(in *bufio.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		var at time.Time
		for {
			l, err := line(in)
			if err != nil && err != io.EOF {
				yield(Line{}, err)
				return
			}
			if m := stamp.FindStringSubmatch(l); m != nil {
				at = moment(m[1])
				l = l[len(m[0]):]
			}
			if l != "" && !yield(Line{Time: at, Text: l}, nil) || err == io.EOF {
				return
			}
		}
	}
}

// line reads one, without its end. What is beyond the longest is left out.
func line(in *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := in.ReadSlice('\n')
		if room := longest - len(b); room > 0 {
			b = append(b, part[:min(len(part), room)]...)
		}
		if err != bufio.ErrBufferFull {
			return strings.TrimRight(string(b), "\r\n"), err
		}
	}
}

// moment reads a time as files have it, and returns zero for one that it cannot read.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	var ms int64
	if _, err := fmt.Sscan(s, &ms); err == nil && ms > 1e11 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}
