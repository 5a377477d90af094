package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// An Emission says whether a function is known to emit the CORS headers itself.
type Emission int

// The emissions.
const (
	NotKnown Emission = iota
	Emits
	Ambiguous   // one stack's function does, and another's of the same logical id does not
	SwitchedOff // it has the wrapper, and a variable that switches it off
)

// A Proxy is a method, or an operation, whose backend's responses API Gateway passes
// through as they are.
type Proxy struct {
	Node  string
	Where string // the method, for remarks
	Type  string // AWS_PROXY or HTTP_PROXY
	URI   any    // resolved
	Emits Emission
}

// group returns the first proxy to each function, and the first to an HTTP backend.
// Where says how many more there are.
func group(proxies []Proxy) []Proxy {
	var out []Proxy
	count := map[string]int{}
	var keys []string
	for _, p := range proxies {
		key := p.Type
		if p.Type == apigw.AWSProxy {
			text, _ := json.Marshal(p.URI)
			key = string(text)
		}
		if count[key]++; count[key] == 1 {
			out, keys = append(out, p), append(keys, key)
		}
	}
	for i := range out {
		if n := count[keys[i]] - 1; n > 0 {
			out[i].Where += fmt.Sprintf(" (and %d more)", n)
		}
	}
	return out
}

// cover names a proxy whose backend is not known to emit the headers.
func (m *maker) cover(p Proxy) {
	switch {
	case p.Type == apigw.HTTPProxy:
		m.warn(p.Node, "http-proxy", p.Where+" passes the responses of an HTTP backend through, and no mapping applies to them: "+
			"the backend has to send the CORS headers for this policy by itself, or the integration be of type HTTP")
	case p.Type != apigw.AWSProxy || p.URI == nil: // without one CloudFormation will not deploy it
	case p.Emits == Emits:
	case p.Emits == Ambiguous:
		m.warn(p.Node, "unclear-function", p.Where+" is a Lambda proxy to a function whose logical id two stacks of the app have, and not all of those are known to emit CORS headers: "+
			"give them different construct ids")
	case p.Emits == SwitchedOff:
		m.fail(p.Node, "", p.Where+" is a Lambda proxy to a function that is attached, and its variable CORSGATE_OFF switches the wrapper off, so that it sends no CORS headers: remove the variable")
	case byVariable(p.URI):
		m.warn(p.Node, "unknown-function", p.Where+" names its Lambda function by a stage variable, so it is not known whether the function emits CORS headers: "+
			"every function that the variable may name has to, through corslambda or by itself")
	default:
		m.fail(p.Node, "", p.Where+" is a Lambda proxy, and its function is not known to emit CORS headers: API Gateway adds none to its response. "+
			"Add them with corsfunction.Attach(fn, nil) or, in Go, build it with corsfunction.NewGoFunction; if it sends them itself, say so with corsfunction.Emits(fn)")
	}
}

// byVariable reports whether a uri has a stage variable in it.
func byVariable(uri any) bool {
	text, _ := json.Marshal(uri)
	return strings.Contains(string(text), "${stageVariables.")
}
