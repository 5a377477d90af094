package logs

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// The messages of corslambda and of the wrapper, which are those of package emit; a test there writes them and has them found here.
const (
	messageRefused = "CORS: origin refused"
	messageMore    = "CORS: more origins refused, in an earlier minute"
	messagePolicy  = "CORS: the stage's variables hold no valid policy, so every origin is refused"
	messageWrapper = "corsgate: " // begins what the wrapper says of itself
	messageOwn     = "CORS: the handler sets CORS headers of its own, which are left out"
)

// entry is a line in Lambda's JSON log format, an application's or the platform's
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
type entry struct {
	Time    string `json:"timestamp"`
	ISOTime string `json:"time"`
	Message string `json:"message"`
	Msg     string `json:"msg"`

	Origin string `json:"origin"`
	Method string `json:"method"`
	Path   string `json:"path"`
	// Resource is the path of API Gateway's resource, with parameters in braces.
	Resource string          `json:"resource"`
	Reason   string          `json:"reason"`
	Count    int             `json:"count"` // of refused origins that have no line
	Error    string          `json:"error"`
	Faults   json.RawMessage `json:"faults"`
	Stage    string          `json:"stage"`
	Header   json.RawMessage `json:"headers"`
	// Request is API Gateway's id of the request.
	Request string `json:"apiRequestId"`

	Type   string          `json:"type"`
	Record json.RawMessage `json:"record"`
}

// function takes a line of a function or of the runtime around it.
func (s *Scanner) function(l Line) bool {
	if strings.Contains(l.Text, `msg="CORS: `) {
		return s.entry(l, pairs(l.Text))
	}
	if at := strings.IndexByte(l.Text, '{'); at >= 0 {
		var e entry
		if json.Unmarshal([]byte(l.Text[at:]), &e) == nil && (e.Message != "" || e.Msg != "" || e.Type != "") {
			return s.entry(l, e)
		}
	}
	return s.plain(l)
}

// pair is one of the key=value pairs of slog's text format (https://pkg.go.dev/log/slog#TextHandler).
var pair = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*"|\S*)`)

// pairs reads a line of corslambda that a logger wrote as text.
func pairs(text string) entry {
	found := map[string]string{}
	for _, m := range pair.FindAllStringSubmatch(text, -1) {
		v, err := strconv.Unquote(m[2])
		if err != nil {
			v = m[2] // it has no quotes
		}
		found[m[1]] = v
	}
	texts := func(v string) json.RawMessage {
		raw, _ := json.Marshal([]string{strings.Trim(v, "[]")}) // a list of texts can be written
		return raw
	}
	count, _ := strconv.Atoi(found["count"])
	return entry{Count: count, ISOTime: found["time"], Msg: found["msg"], Origin: found["origin"], Method: found["method"], Path: found["path"], Resource: found["resource"],
		Reason: found["reason"], Stage: found["stage"], Request: found["apiRequestId"], Faults: texts(found["faults"]), Header: texts(found["headers"])}
}

func (s *Scanner) entry(l Line, e entry) bool {
	l = s.timed(s.timed(l, time.RFC3339Nano, e.Time), time.RFC3339Nano, e.ISOTime)
	message := e.Message
	if message == "" {
		message = e.Msg
	}
	switch message {
	case messageRefused:
		rule, what := s.refused(e.Origin)
		if !strings.HasPrefix(e.Reason, "origin") {
			what += " (" + clip(e.Reason) + ")"
		}
		s.refusal(l, e.Request, e.Origin, rule, e.Method, e.where(), what, "")
	case messageMore:
		if e.Count > 0 {
			s.sawTimes(l, e.Count, rules.CORS702, "", "", "more origins were refused, which have no lines of their own", "")
		}
	case messagePolicy:
		s.saw(l, rules.CORS710, "", "", "the variables of stage "+clip(e.Stage)+" hold no valid policy: "+report.Clip(report.OneLine(list(e.Faults)), 2000), "")
	case messageOwn:
		s.saw(l, rules.CORS703, e.Method, e.where(), "the handler sets "+clip(list(e.Header))+"; corsgate removes what it sets", "")
	default:
		if what, ok := strings.CutPrefix(message, messageWrapper); ok {
			s.saw(l, rules.CORS709, "", "", what+" ("+clip(e.Error)+")", "")
			return true
		}
		if !strings.HasPrefix(e.Type, "platform.") {
			return s.plain(Line{l.Time, l.Source, message})
		}
		if e.Type != "platform.report" && e.Type != "platform.runtimeDone" {
			return true
		}
		var r struct {
			Request   string `json:"requestId"`
			Status    string `json:"status"`
			ErrorType string `json:"errorType"`
		}
		_ = json.Unmarshal(e.Record, &r) // a record of another form has no status
		if r.Status == "timeout" || r.Status == "error" || r.Status == "failure" {
			s.died(l, r.Request, r.Status, r.ErrorType)
		}
	}
	return true
}

// where is the resource's path; the request's where that is unknown, or has the rest of any path in it.
func (e entry) where() string {
	if strings.HasSuffix(e.Resource, "+}") {
		return cmp.Or(e.Path, e.Resource) // corslambda logs a path only where it is told to
	}
	return cmp.Or(e.Resource, e.Path)
}

// list shows a JSON list of texts as a text.
func list(raw json.RawMessage) string {
	var texts []string
	if json.Unmarshal(raw, &texts) == nil {
		return strings.Join(texts, ", ")
	}
	return ""
}

// The lines of Lambda and its runtimes in the text format
// (https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html).
var (
	// timedOut is "2026-01-02T03:04:05Z 8c0e... Task timed out after 3.00 seconds".
	timedOut = regexp.MustCompile(`^(?:\S+Z )?([0-9a-f-]{8,36}) Task timed out after [0-9.]+ seconds`)
	// exited is "RequestId: 8c0e... Error: Runtime exited with error: signal: killed", and the type of the error after it.
	exited = regexp.MustCompile(`^RequestId: (\S+) (?:Error: (Runtime exited with [^\r\n]*)?|Process exited before completing request)(?:.*[\r\n]+((?:Runtime|Extension)\.\w+))?`)
	// reported is the report of a call that failed.
	reported = regexp.MustCompile(`^REPORT RequestId: (\S+)[\s\S]*?\bStatus: (timeout|error|failure)\b(?:\s+Error Type: (\S+))?`)
	// threw is what Node.js writes of an error that nobody caught, and raised what Python does, which does not name the call.
	threw      = regexp.MustCompile(`^\S+Z\t(\S+)\tERROR\t(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s+\{"errorType":"([\w.]+)"`)
	raised     = regexp.MustCompile(`^\[ERROR\] ([\w.]*(?:Error|Exception))(?::|\s|$)`)
	reportLine = regexp.MustCompile(`^REPORT RequestId: `)
	ordinary   = regexp.MustCompile(`^(?:(?:START|END|REPORT) RequestId: |(?:INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT|EXTENSION|TELEMETRY|XRAY) )`)
)

// plain takes a line of text.
func (s *Scanner) plain(l Line) bool {
	if m := reported.FindStringSubmatch(l.Text); m != nil {
		s.reported(l, m[1], m[2], m[3])
	} else if m := timedOut.FindStringSubmatch(l.Text); m != nil {
		s.died(l, m[1], "timeout", "")
	} else if m := exited.FindStringSubmatch(l.Text); m != nil {
		s.died(l, m[1], "error", cmp.Or(m[3], m[2]))
	} else if m := threw.FindStringSubmatch(l.Text); m != nil {
		s.died(l, m[1], "error", m[2])
	} else if m := raised.FindStringSubmatch(l.Text); m != nil {
		s.nameless[l.Source]++
		s.died(l, "", "error", m[1])
	} else {
		if reportLine.MatchString(l.Text) {
			delete(s.nameless, l.Source) // the report does not say how it ended
		}
		return ordinary.MatchString(l.Text)
	}
	return true
}

// reported takes the report of a call that failed. What went before it may have said so already.
func (s *Scanner) reported(l Line, id, status, why string) {
	if status == "error" && s.nameless[l.Source] > 0 {
		s.nameless[l.Source]--
		s.told.add("died " + id)
		return
	}
	s.died(l, id, status, why)
}

// died counts a call that ended without a response, which API Gateway makes then. Id is the call's, by which it is counted
// once.
func (s *Scanner) died(l Line, id, status, why string) {
	if id != "" && id != "undefined" && !s.told.add("died "+id) {
		return
	}
	what := "the function ended without a response"
	switch {
	case status == "timeout":
		what = "the function ran into its timeout"
	case why != "":
		what += " (" + clip(why) + ")"
	}
	s.saw(l, rules.CORS709, "", "", what, "")
}
