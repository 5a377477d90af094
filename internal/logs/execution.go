package logs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/rules"
)

// A request is what the execution log has of one
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html). Headers and bodies are there if the
// stage logs full requests and responses, in full up to 1,024 bytes.
type request struct {
	last         Line // without its text
	method, path string
	asked        browser.Header
	heard        bool // asked has all headers
	answered     browser.Header
	full         bool // answered has all headers
	integration  string
	backend      string // the body of the backend's response
	status       int
	gatewayType  string
	failure      string
	authorized   bool // an authorizer was called
	test         bool // from the console's test
	ended        bool
}

const malformed = "Malformed Lambda proxy response"

const (
	// most is how many requests may be open: a log that lacks the ends of more is cut off at the front.
	most = 10_000
	// grace is for how many requests more one is kept that has ended: lines of one millisecond may come in any order.
	grace = 100
)

var (
	// of is a line of the execution log, "(request-id) text", after the time that exports put before it.
	of = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\dT[0-9:.]+Z\s+)?\(([0-9a-fA-F-]{36})\) ([\s\S]*)$`)
	// A test invocation's log names its request once, and has the time before each line.
	testOf   = regexp.MustCompile(`^Execution log for request (\S+)`)
	testID   = regexp.MustCompile(`^Starting execution for request: (\S+)`)
	testLine = regexp.MustCompile(`^([A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d (?:UTC|GMT) \d{4}) : ([\s\S]*)$`)

	called = regexp.MustCompile(`^HTTP Method: ([A-Z]+), Resource Path: (\S*)`)
	typed  = regexp.MustCompile(`^Gateway response type: (\w+) with status code: (\d+)`)
	ended  = regexp.MustCompile(`^Method completed with status: (\d+)`)
	// throttled is what a usage plan says of a request that is too many.
	throttled = regexp.MustCompile(`^(?:API Key|Usage Plan|Key)\b.*(?:exceeded throttle limit|exceeded quota|limit exceeded)`)
	failed    = regexp.MustCompile(`^(?:Execution failed due to an? |Lambda invocation failed|Unauthorized request|The client is not authorized|User: \S+ is not authorized|API Key \S* ?not authorized|Request (?:validation failed|body does not match)|Missing required request parameters)`)
)

// execution takes a line of API Gateway's execution log, of a stage or of a test invocation.
func (s *Scanner) execution(l Line) bool {
	if m := of.FindStringSubmatch(l.Text); m != nil {
		s.about(l, m[1], m[2])
		return true
	}
	if m := testOf.FindStringSubmatch(l.Text); m != nil {
		s.testing = m[1]
		return true
	}
	m := testLine.FindStringSubmatch(l.Text)
	if m == nil {
		return false
	}
	if begins := testID.FindStringSubmatch(m[2]); begins != nil {
		s.testing = begins[1] // the line above may not have been copied
	}
	if s.testing == "" {
		return false
	}
	s.about(s.timed(l, "Mon Jan 02 15:04:05 MST 2006", m[1]), s.testing, m[2])
	return true
}

// about takes what a line says of a request.
func (s *Scanner) about(l Line, id, text string) {
	r := s.requests[id]
	known := r != nil
	if !known {
		r = &request{test: id == s.testing}
	}
	if !r.take(text) {
		return // such as what follows the end of a request
	}
	r.last = Line{Time: l.Time, Source: l.Source}
	if !known {
		s.requests[id] = r
		s.open = append(s.open, id)
	}
	if !r.ended && ended.MatchString(text) {
		r.ended = true
		s.closing = append(s.closing, id)
	}
	if len(s.closing) > grace {
		s.finish(s.closing[0])
		s.closing = s.closing[1:]
	}
	if len(s.open) > most {
		s.finish(s.open[0])
		s.open = s.open[1:]
	}
}

// take keeps what a line says, and tells whether that is anything.
func (r *request) take(text string) bool {
	field, value, _ := strings.Cut(text, ": ")
	switch field {
	case "Method request headers":
		r.asked, r.heard = headers(value)
		return true
	case "Method response headers", "Gateway response headers":
		r.answered, r.full = headers(value)
		return true
	case "Endpoint request URI":
		r.integration = value
		return true
	case "Endpoint response body before transformations":
		r.backend = value
		return true
	case "Execution failed due to configuration error":
		r.failure = value
		return true
	}
	if m := called.FindStringSubmatch(text); m != nil {
		r.method, r.path = m[1], m[2]
		return true
	}
	if m := typed.FindStringSubmatch(text); m != nil {
		r.gatewayType = m[1]
		r.status, _ = strconv.Atoi(m[2]) // it is digits
		return true
	}
	if m := ended.FindStringSubmatch(text); m != nil {
		r.status, _ = strconv.Atoi(m[1]) // it is digits
		return true
	}
	switch {
	case strings.HasPrefix(text, "Starting authorizer"):
		r.authorized = true
	case failed.MatchString(text):
		r.failure, _, _ = strings.Cut(text, ". ")
		r.failure, _, _ = strings.Cut(strings.TrimSuffix(r.failure, "."), ": ") // an id, or what a backend said
	case strings.HasPrefix(text, "Lambda execution failed"):
		r.failure = "Lambda execution failed"
	case throttled.MatchString(text) && r.failure == "":
		r.failure = "throttled"
	default:
		return false
	}
	return true
}

// next finds where the next header begins in API Gateway's rendering of a map, {Name=value, Name=value}.
var next = regexp.MustCompile(`, ([!#$%&'*+.^_|~0-9A-Za-z` + "`" + `-]+)=`)

// headers reads a rendered map, and says whether all of it is there. Where it was cut off the last value is left out: it may
// be a part of one.
func headers(text string) (h browser.Header, all bool) {
	text, all = strings.CutPrefix(strings.TrimSpace(text), "{")
	if !all {
		return nil, false
	}
	text, all = strings.CutSuffix(text, "}")
	text = ", " + text
	at := next.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if all || i+1 < len(at) {
			h = append(h, browser.Field{Name: text[m[2]:m[3]], Value: strings.TrimSpace(text[m[1]:end])})
		}
	}
	return h, all
}

// finish judges a request and forgets it.
func (s *Scanner) finish(id string) {
	r := s.requests[id]
	if r == nil {
		return
	}
	delete(s.requests, id)
	if r.status >= 300 {
		s.judged.add(id)
	}
	origin, known := r.asked.Get("Origin")
	l := r.last
	if r.failure == malformed {
		s.saw(l, rules.CORS704, r.method, r.path, "API Gateway found the function's result malformed and responded with 502", r.console(origin))
	}
	s.cached(l, r)
	switch {
	case r.method == "OPTIONS":
		s.preflight(l, id, r, origin)
	case r.failure == malformed:
	case known && r.full && r.status != 0:
		s.answer(l, id, r, origin)
	case r.own() && (known || !r.heard || r.test):
		s.saw(l, rules.CORS708, r.method, r.path, fmt.Sprintf("API Gateway responded with %s (%s); the log has no headers that show whether pages could read it", r.code(), r.reason()), "")
	}
	s.proxied(l, r, origin)
}

// own reports whether API Gateway made the response itself.
func (r *request) own() bool { return r.gatewayType != "" || r.failure != "" }

// code is the status; a log of errors alone may lack it.
func (r *request) code() string {
	if r.status == 0 {
		return "an error"
	}
	return strconv.Itoa(r.status)
}

// preflight judges a request with method OPTIONS. It was none if all its headers are there and name no origin or method.
func (s *Scanner) preflight(l Line, id string, r *request, origin string) {
	if strings.Contains(r.integration, ":function:") {
		s.saw(l, rules.CORS705, r.method, r.path, "an OPTIONS request went to the function "+functionName(r.integration), "")
	}
	method, _ := r.asked.Get(corsheader.RequestMethod)
	if r.heard && (origin == "" || method == "") {
		// What refuses origins responds with 403, and nothing is wrong with that; whatever else fails, fails for pages as well.
		if r.own() || r.status >= 300 && r.status != 403 {
			what := "OPTIONS requests without an Origin"
			switch {
			case r.test:
				what = "the console's test of OPTIONS"
			case origin != "":
				what = "OPTIONS requests without Access-Control-Request-Method"
			}
			s.failure(l, r, rules.CORS706, fmt.Sprintf("%s: %s (%s); preflights fail in the same way", what, r.code(), r.reason()), "", browser.Verdict{})
		}
		return
	}
	switch {
	case r.status == 403 && !r.own() && origin != "":
		rule, what := s.refused(origin)
		s.refusal(l, id, origin, rule, method, r.path, what, "")
	case r.status == 403 && !r.own():
		s.refusal(l, id, "", rules.CORS702, r.method, r.path, "preflights got 403, as for a refused origin; the log has no headers that show whose", "")
	case r.status >= 300, r.own():
		s.failure(l, r, rules.CORS706, fmt.Sprintf("preflights got %s (%s)", r.code(), r.reason()), r.console(origin), browser.Verdict{})
	case origin != "" && r.full && r.status != 0:
		v := r.verdict(origin)
		switch {
		case v.Allowed:
		case s.decided(v, origin):
			rule, what := s.refused(origin)
			s.refusal(l, id, origin, rule, method, r.path, what, v.Message)
		default:
			s.failure(l, r, rules.CORS706, fmt.Sprintf("preflights got %d, and browsers with pages of %s refused them", r.status, clip(origin)), v.Message, v)
		}
	}
}

// decided reports whether a response looks like one to an origin that is not allowed.
func (s *Scanner) decided(v browser.Verdict, origin string) bool {
	switch v.Code {
	case browser.MissingAllowOriginHeader, browser.AllowOriginMismatch, browser.PreflightMissingAllowOriginHeader, browser.PreflightAllowOriginMismatch:
		return s.allowed == nil || !s.allowed.Match(origin)
	}
	return false
}

// answer judges the answer to a page as its browser did.
func (s *Scanner) answer(l Line, id string, r *request, origin string) {
	v := r.verdict(origin)
	switch {
	case v.Allowed:
	case r.own() && v.Code == browser.MissingAllowOriginHeader:
		rule := rules.CORS301
		if r.status >= 500 {
			rule = rules.CORS302
		}
		s.saw(l, rule, r.method, r.path, fmt.Sprintf("API Gateway responded with %d (%s), and pages of %s could not read it", r.status, r.reason(), clip(origin)), v.Message)
	case s.decided(v, origin):
		rule, what := s.refused(origin)
		s.refusal(l, id, origin, rule, r.method, r.path, what, v.Message)
	default:
		rule := rules.CORS707
		if v.Code == browser.MultipleAllowOriginValues {
			rule = rules.CORS711
		}
		s.saw(l, rule, r.method, r.path, fmt.Sprintf("the response was %d, and pages of %s could not read it", r.status, clip(origin)), v.Message)
	}
}

// refusal counts an origin that was refused, once for a request that several logs tell of.
func (s *Scanner) refusal(l Line, id, origin string, rule rules.ID, method, path, what, console string) {
	if id == "" || s.told.add("refused "+id) {
		s.saw(l, rule, method, path, what, console).origin = origin
	}
}

// verdict is what the browser of a page at an origin concludes from the answer.
func (r *request) verdict(origin string) browser.Verdict {
	host, ok := r.asked.Get("Host")
	if !ok {
		host = "the-api.example"
	}
	credentials := browser.SameOrigin
	if r.asked.Has("Cookie") {
		credentials = browser.Include
	}
	ask := browser.Call{Method: r.method, URL: "https://" + host + shape(r.path), Origin: origin, Credentials: credentials}
	if r.method == "OPTIONS" {
		ask.Method, _ = r.asked.Get(corsheader.RequestMethod)
		names, _ := r.asked.Get(corsheader.RequestHeaders)
		for name := range strings.SplitSeq(names, ",") {
			if name = strings.TrimSpace(name); name != "" {
				ask.Header = append(ask.Header, browser.Field{Name: name, Value: "x"})
			}
		}
	}
	plan, err := browser.Prepare(ask)
	if err != nil || plan.Refused != nil || !plan.CrossOrigin {
		return browser.Verdict{Allowed: true} // no browser sent this
	}
	answer := &browser.HTTPResponse{Status: r.status, Header: r.answered}
	if r.method == "OPTIONS" {
		if !plan.NeedsPreflight() {
			return browser.Verdict{Allowed: true}
		}
		return plan.CheckPreflight(answer)
	}
	return plan.CheckResponse(answer)
}

// console is what the browser printed, if the log has enough to tell.
func (r *request) console(origin string) string {
	if origin == "" || !r.full || r.status == 0 {
		return ""
	}
	return r.verdict(origin).Message
}

// reason says why API Gateway answered by itself.
func (r *request) reason() string {
	switch {
	case r.failure != "" && r.gatewayType != "":
		return r.gatewayType + ", " + clip(r.failure)
	case r.failure != "":
		return clip(r.failure)
	case r.gatewayType != "":
		return r.gatewayType
	}
	return "no reason logged"
}

// proxied looks at the CORS headers that a function answered with. A proxy response is JSON, cut off after 1,024 bytes.
func (s *Scanner) proxied(l Line, r *request, origin string) {
	var answer struct {
		Headers map[string]any   `json:"headers"`
		Multi   map[string][]any `json:"multiValueHeaders"`
	}
	if !strings.Contains(r.integration, ":function:") || json.Unmarshal([]byte(r.backend), &answer) != nil {
		return
	}
	var values []string
	for name, v := range answer.Headers {
		if strings.EqualFold(name, corsheader.AllowOrigin) {
			values = append(values, fmt.Sprint(v))
		}
	}
	for name, vs := range answer.Multi {
		if strings.EqualFold(name, corsheader.AllowOrigin) {
			for _, v := range vs {
				values = append(values, fmt.Sprint(v))
			}
		}
	}
	slices.Sort(values)
	values = slices.Compact(values) // API Gateway sends equal ones once
	switch {
	case len(values) > 1:
		s.saw(l, rules.CORS711, r.method, r.path, "the function "+functionName(r.integration)+" sets more than one value of Access-Control-Allow-Origin: "+clip(strings.Join(values, ", ")), r.console(origin))
	case len(values) == 1 && s.allowed != nil && !s.agrees(values[0], origin):
		s.saw(l, rules.CORS703, r.method, r.path, "the function "+functionName(r.integration)+" sends Access-Control-Allow-Origin: "+clip(values[0])+", which is not what the stage's policy says", r.console(origin))
	}
}

// agrees reports whether the policy sends this value to a page at an origin, as far as the origin is known.
func (s *Scanner) agrees(value, origin string) bool {
	if s.allowed.AnyOrigin() {
		return value == "*"
	}
	return value != "*" && s.allowed.Match(value) && (origin == "" || value == origin)
}

// functionName returns the name of the function in an invocation's address.
func functionName(uri string) string {
	_, name, _ := strings.Cut(uri, ":function:")
	name, _, _ = strings.Cut(name, "/")
	return name
}
