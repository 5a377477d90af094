package simulate

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Report is what a browser does for one request of a page, the response of the API, what the browser concludes and how
// the responses came to be. Its JSON is what `corsgate explain --json` prints: the members are those of the fields below,
// and none is ever left out unless its comment says so. The same template and the same request give the same bytes, where
// no function is run.
type Report struct {
	// Preflight is the question whether the request may be made.
	Preflight Preflight `json:"preflight"`
	// Actual is the request that the page's script asked for.
	Actual Actual `json:"actual"`
	// Redirects has the requests that were redirected before those above; left out if none was.
	Redirects []Hop `json:"redirects,omitempty"`
	// Verdict is how it ends.
	Verdict Verdict `json:"verdict"`
	// Assumptions says under which values, known only at deployment, the verdict would be another; left out if there is none.
	Assumptions []Assumption `json:"assumptions,omitempty"`
	// Alternatives has the verdicts on both sides of each condition that is not decided and that decides about the request;
	// left out if there is none.
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// Trace says how the API came to its responses.
	Trace Trace `json:"trace"`

	// Equalities are values of symbols for which a mapping template would decide otherwise.
	Equalities []Equality `json:"-"`
	// Open says that what is not known came up on the way, whether or not it decided: in a header that can decide, in what a
	// mapping template asks, or in which of its responses an integration gives.
	Open bool `json:"-"`
}

// An Assumption is that a value is not the one that would make another verdict.
type Assumption struct {
	// Expression is the value that only a deployment knows, Value the one that it is assumed not to have.
	Expression string `json:"expression"`
	Value      string `json:"value"`
	// Text says it in words: "unless Distribution.DomainName is evil.example".
	Text string `json:"text"`
}

// An Alternative is the verdict on one side of a condition.
type Alternative struct {
	// Condition is the condition's name in the template, Holds the side.
	Condition string `json:"condition"`
	Holds     bool   `json:"holds"`
	// Verdict is how it ends there.
	Verdict Verdict `json:"verdict"`
}

// A Preflight is an OPTIONS request by which a browser sends a preflight.
type Preflight struct {
	// Needed says whether the browser asks at all.
	Needed bool `json:"needed"`
	// Reasons says why it does; empty if it does not.
	Reasons []Reason `json:"reasons"`
	// Request is what it sends; null if it does not ask.
	Request *SentRequest `json:"request"`
	// Response is the response; null if nothing was asked, or if the response is not known.
	Response *GotResponse `json:"response"`
	// Verdict is what the browser concludes from the response. Allowed means that it sends the actual request, which needs
	// no leave if no preflight is needed.
	Verdict Verdict `json:"verdict"`
	// Cached reports whether the browser remembers an earlier response and sends nothing; left out if it does not. Response is
	// then null.
	Cached bool `json:"cached,omitempty"`
	// StandIn says what answered instead of a function that was not run; left out if nothing did.
	StandIn string `json:"standIn,omitempty"`
}

// A Reason is one ground for a preflight.
type Reason struct {
	// Kind is method, header, header-value, header-length, headers-length or upload-listener; see package browser.
	Kind browser.ReasonKind `json:"kind"`
	// Name is the method, or the header in lower case; empty where the reason is about neither.
	Name string `json:"name"`
	// Value is the header's value, where that is what is at fault, and else empty.
	Value string `json:"value"`
	// Text is the reason in words.
	Text string `json:"text"`
}

// Actual is the actual request and its response.
type Actual struct {
	// Request is what the browser sends; null if it sends nothing, since the preflight was refused.
	Request *SentRequest `json:"request"`
	// Response is the response; null if nothing was sent, or if the response is not known.
	Response *GotResponse `json:"response"`
	// Readable names the headers of the response that the page's script can read; empty if it cannot read the response.
	Readable []string `json:"readable"`
	// Dropped names the headers that the script set and the browser does not send, since scripts may not set them; left
	// out if there is none.
	Dropped []string `json:"dropped,omitempty"`
	// StandIn says what answered instead of a function that was not run; left out if nothing did.
	StandIn string `json:"standIn,omitempty"`
}

// A SentRequest is one on the wire.
type SentRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Headers are those that a CORS response may depend on; browsers send more.
	Headers Headers `json:"headers"`
	// Credentials says whether cookies and the like go with it.
	Credentials bool `json:"credentials"`
	Body
}

// A GotResponse is a response on the wire. Headers that differ each time, Date and the ids that API Gateway gives to a
// request, are not in it.
type GotResponse struct {
	Status  int     `json:"status"`
	Headers Headers `json:"headers"`
	Body
}

// Headers are a message's headers: names in lower case, which they have in HTTP/2, to values. Several lines of one name
// are one value, with a comma and a space between them, since that is what a browser judges.
type Headers map[string]string

// Get returns the value of a header, its name in whichever case; "" if it is not there.
func (h Headers) Get(name string) string { return h[strings.ToLower(name)] }

// A Body is a message's body; both members are left out if it is empty.
type Body struct {
	// Text is the body, where it is text.
	Text string `json:"body,omitempty"`
	// Base64 is the body where it is not.
	Base64 string `json:"bodyBase64,omitempty"`
}

// A Verdict is what the browser concludes.
type Verdict struct {
	// Allowed reports whether the request may go on or, at the end, that the page's script can read the response.
	Allowed bool `json:"allowed"`
	// Known is false where that depends on a function that was not run, or on what of the template this model cannot
	// serve; Allowed is false then, too.
	Known bool `json:"known"`
	// Code is the refusal as the DevTools protocol's CorsErrorStatus.corsError has it; empty if CORS does not refuse.
	Code browser.Code `json:"code"`
	// FailedParameter is the value, method or header at fault, as CorsErrorStatus.failedParameter has it; left out if there
	// is none.
	FailedParameter string `json:"failedParameter,omitempty"`
	// Message is what Chromium prints to the console or, if the verdict is not known, why; empty if allowed.
	Message string `json:"message"`
	// NetError names a failure that is not one of CORS; left out if there is none.
	NetError string `json:"netError,omitempty"`
	// Disallowed names all headers that the response to the preflight does not allow, where that is the refusal; left out
	// otherwise.
	Disallowed []string `json:"disallowed,omitempty"`
	// Warning says what Chromium lets pass and the standard does not; left out if there is nothing of the kind.
	Warning string `json:"warning,omitempty"`
	// Section is the part of the Fetch standard that refuses; left out if allowed.
	Section string `json:"section,omitempty"`
	// Undecided says of a verdict that is not known that the template leaves it open, or this model does. Otherwise it is what
	// was not called that decides.
	Undecided bool `json:"-"`
}

// Outcome says it in a word, or with why it is not allowed.
func (v Verdict) Outcome() string {
	switch {
	case !v.Known:
		return cmp.Or(v.Message, "not known")
	case v.Allowed:
		return "allowed"
	case v.Code != "":
		return "refused (" + string(v.Code) + ")"
	case v.NetError != "":
		return "failed (" + v.NetError + ")"
	}
	return v.Message
}

// A Hop is a request that was redirected, with its preflight.
type Hop struct {
	Preflight Preflight `json:"preflight"`
	Actual    Actual    `json:"actual"`
	Trace     Trace     `json:"trace"`
}

// A Trace says how the API came to its responses; null for a request that was not made.
type Trace struct {
	Preflight *Course `json:"preflight"`
	Actual    *Course `json:"actual"`
}

// A Course is how one response came to be. What was not come to is null or empty.
type Course struct {
	// Resource is the resource that the path leads to.
	Resource *Resource `json:"resource"`
	// Method is the method that responds.
	Method *Method `json:"method"`
	// Integration is what the method calls.
	Integration *Integration `json:"integration"`
	// Template has the lines of the mapping templates that decided something, in the order in which they ran.
	Template []Line `json:"template"`
	// IntegrationResponse is the one that was chosen; null for proxies, which have none.
	IntegrationResponse *IntegrationResponse `json:"integrationResponse"`
	// GatewayResponse is the gateway's own response; null where the integration's went through.
	GatewayResponse *GatewayResponse `json:"gatewayResponse"`
	// Unsupported says what of the template this model cannot serve, or what could not be called; else empty.
	Unsupported string `json:"unsupported"`
	// Steps is everything that decided the response, in order.
	Steps []gateway.Step `json:"steps"`
}

// A Resource is a node of the API's tree.
type Resource struct {
	// ID is the logical id in the template, or the path where the API is an OpenAPI document.
	ID   string `json:"id"`
	Path string `json:"path"`
}

// A Method is a method of a resource.
type Method struct {
	// ID is the logical id in the template, or the method and the path where the API is an OpenAPI document.
	ID string `json:"id"`
	// Name is GET and so on, or ANY.
	Name string `json:"name"`
}

// An Integration is what a method calls.
type Integration struct {
	// Type is MOCK, AWS_PROXY, AWS, HTTP_PROXY or HTTP.
	Type string `json:"type"`
	// Detail is the status a mock's template gave, or what was called; empty where it did not come to that.
	Detail string `json:"detail"`
}

// A Line is one of a mapping template.
type Line struct {
	// In is request or response: the template of which it is.
	In string `json:"in"`
	// Line counts from 1.
	Line int `json:"line"`
	// Source is the line's text.
	Source string `json:"source"`
	// Did is the branch that was taken, #if, #elseif or #else, or the parameter that was set.
	Did string `json:"did"`
	// Value is what the parameter was set to; empty for a branch.
	Value string `json:"value"`
}

// An IntegrationResponse is the one that was chosen.
type IntegrationResponse struct {
	Status string `json:"status"`
	// Pattern is its selection pattern; empty for the one that is chosen where no other is.
	Pattern string `json:"pattern"`
}

// A GatewayResponse is one of the gateway's own responses.
type GatewayResponse struct {
	// Type is MISSING_AUTHENTICATION_TOKEN and so on.
	Type string `json:"type"`
	// From is the type by whose configuration it is answered: itself, DEFAULT_4XX or DEFAULT_5XX; empty for the response
	// that API Gateway gives where nothing is configured.
	From string `json:"from"`
	// Detail says why it was given.
	Detail string `json:"detail"`
	// Cause says it where the type has several causes.
	Cause gateway.Cause `json:"-"`
}

// volatile are the headers that differ each time.
var volatile = []string{"date", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-trace-id", "apigw-requestid"}

func headers(h browser.Header, without []string) Headers {
	out := Headers{}
	for _, f := range h {
		name := strings.ToLower(f.Name)
		if !slices.Contains(without, name) {
			out[name], _ = h.Get(name)
		}
	}
	return out
}

func body(b []byte) Body {
	if utf8.Valid(b) {
		return Body{Text: string(b)}
	}
	return Body{Base64: base64.StdEncoding.EncodeToString(b)}
}

func request(r *browser.HTTPRequest) *SentRequest {
	if r == nil {
		return nil
	}
	return &SentRequest{Method: r.Method, URL: r.URL, Headers: headers(r.Header, nil), Credentials: r.Credentials, Body: body(r.Body)}
}

// response returns a response as reports have it. One that is remembered is written once.
func response(r *browser.HTTPResponse, was *sent) *GotResponse {
	if r == nil {
		return nil
	}
	if was == nil || r != was.response {
		return gotResponse(r)
	}
	if was.got == nil {
		was.got = gotResponse(r)
	}
	return was.got
}

func gotResponse(r *browser.HTTPResponse) *GotResponse {
	return &GotResponse{Status: r.Status, Headers: headers(r.Header, volatile), Body: body(r.Body)}
}

func reasons(rs []browser.Reason) []Reason {
	out := []Reason{}
	for _, r := range rs {
		out = append(out, Reason{Kind: r.Kind, Name: r.Name, Value: r.Value, Text: r.String()})
	}
	return out
}

// VerdictOf returns a browser's conclusion as a report has it.
func VerdictOf(v browser.Verdict) Verdict {
	return Verdict{Allowed: v.Allowed, Known: true, Code: v.Code, FailedParameter: v.FailedParameter, Message: v.Message, NetError: v.NetError, Disallowed: v.Disallowed, Warning: v.Warning, Section: v.Section}
}

// course sorts the steps of a response.
func course(api *gateway.API, steps []gateway.Step) *Course {
	c := &Course{Template: []Line{}, Steps: steps}
	if c.Steps == nil {
		c.Steps = []gateway.Step{}
	}
	var method *gateway.Method
	in := ""
	for _, s := range steps {
		switch s.Kind {
		case gateway.StepResource:
			c.Resource = &Resource{ID: s.Name, Path: s.Detail}
		case gateway.StepMethod:
			name, _, _ := strings.Cut(s.Detail, " ")
			c.Method = &Method{ID: s.Name, Name: name}
			if r := api.Find(c.Resource.Path); r != nil {
				method = r.Method(name)
			}
			if method != nil && method.Integration != nil {
				c.Integration = &Integration{Type: method.Integration.Type}
			}
		case gateway.StepRequestTemplate:
			in = "request"
		case gateway.StepResponseTemplate:
			in = "response"
		case gateway.StepBranch, gateway.StepOverride:
			c.Template = append(c.Template, Line{In: in, Line: s.Line, Source: s.Source, Did: s.Name, Value: s.Detail})
		case gateway.StepIntegration:
			if c.Integration == nil {
				c.Integration = &Integration{Type: s.Name}
			}
			c.Integration.Detail = s.Detail
		case gateway.StepIntegrationResponse:
			c.IntegrationResponse = &IntegrationResponse{Status: s.Name, Pattern: s.Pattern}
		case gateway.StepGatewayResponse:
			c.GatewayResponse = &GatewayResponse{Type: s.Name, From: api.GatewayResponse(s.Name).From, Detail: s.Detail, Cause: s.Cause}
		case gateway.StepUnsupported:
			c.Unsupported = s.Detail
		}
	}
	return c
}
