package logs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
)

// An accessFormat finds the variables of $context in the lines of an access log.
type accessFormat struct {
	line *regexp.Regexp
	// names has the variables in the order of the line's groups; of one that comes twice the first counts.
	names []string
}

var (
	variable = regexp.MustCompile(`\$[A-Za-z]\w*(?:\.\w+(?:-\w+)*)*`)
	blanks   = regexp.MustCompile(`\s+`)
)

// values are the forms of variables that a line is told by.
var values = map[string]string{
	"status": `(\d{3}|-)`, "httpMethod": `([A-Z]+|-)`, "requestId": `([0-9A-Za-z-]+)`, "identity.sourceIp": `([0-9a-fA-F.:]+|-)`,
	"requestTime": `(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})`,
}

// newAccessFormat reads a stage's format, such as "$context.requestId $context.status"
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html). It returns false for one without a
// method and a status: nothing can be told by it.
func newAccessFormat(format string) (f accessFormat, ok bool) {
	var b strings.Builder
	literal := func(text string) {
		text = blanks.ReplaceAllString(regexp.QuoteMeta(text), `\s+`)
		b.WriteString(strings.ReplaceAll(text, `>\s+<`, `>\s*<`))
	}
	format = strings.TrimSpace(format)
	end := 0
	for _, at := range variable.FindAllStringIndex(format, -1) {
		literal(format[end:at[0]])
		name := strings.TrimPrefix(format[at[0]:at[1]], "$context.")
		f.names = append(f.names, name)
		if form, ok := values[name]; ok {
			b.WriteString(form)
		} else {
			b.WriteString(`([\s\S]*?)`)
		}
		end = at[1]
	}
	literal(format[end:])
	f.line = regexp.MustCompile("^" + b.String() + "$")
	return f, slices.Contains(f.names, "status") && slices.Contains(f.names, "httpMethod")
}

// find returns the variables of a line, and nil for a line of another format.
func (f accessFormat) find(line string) map[string]string {
	m := f.line.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	found := map[string]string{}
	for i, name := range f.names {
		if _, twice := found[name]; !twice {
			found[name] = m[i+1]
		}
	}
	return found
}

// documented are the formats that API Gateway's documentation and console propose, in the common log format, as XML and as
// CSV, with and without the extended request id. JSON is read by the names of its fields.
var documented = func() (out []accessFormat) {
	for _, format := range []string{
		`$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`,
		`$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId`,
	} {
		for _, more := range []string{"", " $context.extendedRequestId", ",$context.extendedRequestId"} {
			f, _ := newAccessFormat(format + more)
			out = append(out, f)
		}
	}
	for _, more := range []string{"", "<extendedRequestId>$context.extendedRequestId</extendedRequestId> "} {
		f, _ := newAccessFormat(`<request id="$context.requestId"> ` + more + `<ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> ` +
			`<requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> ` +
			`<status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>`)
		out = append(out, f)
	}
	return out
}()

// AccessFormat has the scanner know the format of a stage's access log, which is the user's to choose.
func (s *Scanner) AccessFormat(format string) {
	if f, ok := newAccessFormat(format); ok {
		s.formats = slices.Insert(s.formats, 0, f)
	}
}

// access takes a line of an access log.
func (s *Scanner) access(l Line) bool {
	for _, f := range s.formats {
		if found := f.find(l.Text); found != nil {
			return s.accessed(l, found)
		}
	}
	var fields map[string]any
	if !strings.HasPrefix(l.Text, "{") || json.Unmarshal([]byte(l.Text), &fields) != nil {
		return false
	}
	found := map[string]string{}
	for variable, names := range map[string][]string{
		"status": {"status"}, "httpMethod": {"httpMethod", "method"}, "resourcePath": {"resourcePath"}, "path": {"path"}, "requestId": {"requestId"},
		"requestTime": {"requestTime"}, "error.responseType": {"errorResponseType", "error.responseType", "responseType", "error_responseType"},
	} {
		for _, name := range names {
			switch v := fields[name].(type) {
			case string:
				found[variable] = v
			case float64:
				found[variable] = strconv.FormatFloat(v, 'f', -1, 64)
			default:
				continue
			}
			break
		}
	}
	// A function's own lines may be of requests too.
	if fields["httpMethod"] == nil && fields["resourcePath"] == nil {
		return false
	}
	return s.accessed(l, found)
}

// A lateEntry is a failed request of an access log.
type lateEntry struct {
	Line
	id                 string
	rule               rules.ID
	method, path, what string
	fix                rules.Fix
}

// accessed judges a request by its status. The allowlist responds with 403 to preflights too, with no type.
func (s *Scanner) accessed(l Line, found map[string]string) bool {
	for name, v := range found {
		if v == "-" {
			found[name] = ""
		}
	}
	status, err := strconv.Atoi(found["status"])
	method := found["httpMethod"]
	if err != nil || method == "" {
		return false
	}
	l = s.timed(l, "02/Jan/2006:15:04:05 -0700", found["requestTime"])
	gatewayType, typed := found["error.responseType"]
	because := ""
	if gatewayType != "" {
		because = " (" + clip(gatewayType) + ")"
	}
	var rule rules.ID
	what := ""
	switch {
	case method == "OPTIONS" && status == 403 && typed && gatewayType == "":
		rule, what = rules.CORS702, "preflights got 403, as for a refused origin; the access log does not have the origin"
	case method == "OPTIONS" && status == 403 && !typed:
		rule, what = rules.CORS702, "preflights got 403: an origin was refused, or there is no OPTIONS method; the access log does not say which"
	case method == "OPTIONS" && status >= 300:
		rule, what = rules.CORS706, fmt.Sprintf("preflights got %d%s", status, because)
	case method != "OPTIONS" && gatewayType != "" && status >= 400:
		rule, what = rules.CORS708, fmt.Sprintf("API Gateway responded with %d%s; the access log does not show whether pages could read it", status, because)
	case method != "OPTIONS" && !typed && (status == 429 || status == 504):
		rule, what = rules.CORS708, fmt.Sprintf("the response was %d, most likely from API Gateway itself; the access log does not show whether pages could read it", status)
	}
	if rule != "" {
		var fix rules.Fix
		if rule == rules.CORS706 {
			fix = cause(gatewayType, "", status, false, false).Rule().Fix
		}
		path := found["resourcePath"]
		if path == "" {
			path = found["path"]
		}
		s.late = append(s.late, lateEntry{Line{Time: l.Time, Source: l.Source}, found["requestId"], rule, clip(method), shape(path), what, fix})
		if len(s.late) >= remembered {
			s.settle()
		}
	}
	return true
}

// settle counts what access logs have of requests that no other log told more of.
func (s *Scanner) settle() {
	for _, e := range s.late {
		if e.id != "" && (s.judged.known[e.id] || s.told.known["refused "+e.id] || !s.told.add("accessed "+e.id)) {
			continue
		}
		s.saw(e.Line, e.rule, e.method, e.path, e.what, "").fix = e.fix
	}
	s.late = nil
}
