package check

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/mark"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// notes are what the command does not look at, over all APIs.
type notes struct {
	own    [2]map[string]bool // routes whose responses are a function's own, or a server's
	status map[string]bool    // routes whose preflights have a function's status
	lines  []string
}

func (n *notes) line(text string) {
	if !slices.Contains(n.lines, text) {
		n.lines = append(n.lines, text)
	}
}

// note takes the notes of a view.
func (s *seen) note(v *View) {
	for i := range s.notes.own {
		if s.notes.own[i] == nil {
			s.notes.own[i] = map[string]bool{}
		}
	}
	if s.notes.status == nil {
		s.notes.status = map[string]bool{}
	}
	if v.API.Kind != gateway.RestAPI {
		s.noteSetting(v)
		return
	}
	for _, r := range v.routes {
		m := r.method
		// Where nothing else is of CORS, preflights that reach what is behind ANY may be all that there is of it.
		if m.Integration == nil || !apigw.IsProxy(m.Integration.Type) || !v.usesCORS() && m.HTTPMethod != "ANY" {
			continue
		}
		own := s.notes.own[0]
		if m.Integration.Type == apigw.HTTPProxy {
			own = s.notes.own[1]
		}
		if fn := v.proxied(m); fn == nil || !wrapper.Emits(fn.Metadata, fn.Properties) {
			own[s.app.Name(v.API.Rest)+" "+m.HTTPMethod+" "+r.resource.Path] = true
		}
	}
	if endpoint := dig(v.API.Rest.Properties, "EndpointConfiguration"); v.usesCORS() && slices.Contains(list(endpoint["Types"]), any("PRIVATE")) {
		line := s.app.Name(v.API.Rest) + " is private: pages have to call it by https://API-VPCE.execute-api.REGION.amazonaws.com, since a preflight to the endpoint's own name carries no x-apigw-api-id"
		s.notes.line(line)
	}
}

// said returns the notes as lines.
func (s *seen) said() []string {
	out := []string{}
	if n := len(s.notes.own[0]); n > 0 {
		responses := "the responses of " + report.Plural(n, "Lambda proxy route") + " are the functions' own"
		out = append(out, responses+": corsgate explain runs the functions, and corsgate probe tests them once they are deployed")
	}
	if n := len(s.notes.own[1]); n > 0 {
		out = append(out, "the responses of "+report.Plural(n, "HTTP proxy route")+" are the servers' own: corsgate probe tests them once they are deployed")
	}
	return append(append(append(out, s.statuses()...), s.notes.lines...), Unread(s.app)...) // an empty list where there is none
}

// Unread says which APIs of an app no rule looks at.
func Unread(app *cfn.App) []string {
	sockets := gateway.WebSockets(app)
	if len(sockets) == 0 {
		return nil
	}
	var names []string
	for _, r := range sockets {
		names = append(names, app.Name(r))
	}
	return []string{report.Plural(len(names), "WebSocket API") + " (" + strings.Join(names, ", ") + "): there is no CORS for a WebSocket, and the function of $connect has to look at Origin itself"}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// proxied returns the function of a Lambda proxy integration; nil for another integration, and for a function that is not
// in the app.
func (v *View) proxied(m *gateway.Method) *cfn.Resource {
	if m.Integration == nil || m.Integration.Type != "AWS_PROXY" {
		return nil
	}
	for _, r := range v.App.Mentioned(m.Integration.URI) {
		if r.Type == "AWS::Lambda::Function" {
			return r
		}
	}
	return nil
}

// mappedInVain decides CORS211.
func mappedInVain(v *View, report reporter) {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if i := m.Integration; i != nil && apigw.IsProxy(i.Type) && slices.ContainsFunc(i.Responses, carriesOrigin) {
				report(at(m), "the integration is "+i.Type+", and its integration responses map Access-Control-Allow-Origin", "")
			}
		}
	}
}

// headerless decides CORS210.
func headerless(v *View, report reporter) {
	judged := map[*cfn.Resource]string{}
	for _, r := range v.routes {
		fn := v.proxied(r.method)
		if fn == nil || v.fault(r).rule != "" {
			continue
		}
		by := v.answers(r)
		if by == nil || by.Integration == nil || by.Integration.Type != apigw.Mock {
			continue // the function handles preflights too
		}
		what, ok := judged[fn]
		if !ok {
			what = v.silentCode(fn)
			judged[fn] = what
		}
		if what != "" {
			p := at(r.method)
			p.of = fn
			report(p, what, v.refusal(nil, false))
		}
	}
}

// silentCode says how sure it is that a function's code sets no CORS header; empty if it may.
func (v *View) silentCode(fn *cfn.Resource) string {
	if fn.Properties["Layers"] != nil {
		return ""
	}
	if emits := fn.Metadata[mark.Emits]; emits != nil && emits != true && emits != "true" {
		return "" // built with the middleware
	}
	f := v.codeOf(fn)
	declared := ""
	if fn.Metadata[mark.Emits] != nil {
		declared = ", although it is declared to emit CORS headers"
	}
	switch {
	case f.Code.Inline != "" && len(v.App.Symbols(f.Code.Inline)) == 0:
		if !mentionsCORS(f.Code.Inline) {
			return "the function's code, which is in the template, never mentions Access-Control-Allow-Origin" + declared
		}
	case f.Code.Path != "" && interpreted(f.Runtime):
		if whole, mentions := readCode(f.Code.Path); whole && !mentions {
			return "the function's code never mentions Access-Control-Allow-Origin" + declared + " (what it imports from elsewhere was not read)"
		}
	}
	return ""
}

// codeOf returns where the code of a function is.
func (v *View) codeOf(fn *cfn.Resource) lambdarun.Function {
	if v.code == nil {
		v.code = map[string]lambdarun.Function{}
		for _, f := range lambdarun.Functions(v.App) {
			v.code[f.LogicalID] = f
		}
	}
	return v.code[v.App.Name(fn)]
}

var bodyParser = regexp.MustCompile(`(JSON\.parse|json\.loads)\([^)]*body`)

// parsesBody reports whether code reads the body of its event as JSON.
func parsesBody(code string) bool { return bodyParser.MatchString(code) }

// mentionsCORS reports whether code may set CORS headers: by name, or by a middleware, all of which have it in their names.
func mentionsCORS(code string) bool {
	code = strings.ToLower(code)
	return strings.Contains(code, strings.ToLower(corsheader.AllowOrigin)) || strings.Contains(code, "cors")
}

// interpreted reports whether a function's source is what is deployed.
func interpreted(runtime string) bool {
	return strings.HasPrefix(runtime, "nodejs") || strings.HasPrefix(runtime, "python") || strings.HasPrefix(runtime, "ruby")
}

// The bounds of what is read of a function's code.
const maxFiles, maxSize = 200, 4 << 20

// readCode reads a folder of source. Whole is false where there is more than that in it.
func readCode(dir string) (whole, mentions bool) {
	files, size := 0, 0
	sources := []string{".js", ".mjs", ".cjs", ".ts", ".mts", ".jsx", ".tsx", ".py", ".rb"}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !slices.Contains(sources, filepath.Ext(path)) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if files, size = files+1, size+int(info.Size()); files > maxFiles || size > maxSize {
			return fmt.Errorf("%s is too large", dir)
		}
		text, err := os.ReadFile(path)
		mentions = mentions || mentionsCORS(string(text))
		return err
	})
	return err == nil && files > 0, mentions
}

// cachedAuthorizer decides CORS410. It looks at authorizers whose code is in the template.
func cachedAuthorizer(v *View, report reporter) {
	for _, a := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Authorizer") {
		uri, _ := a.Properties["AuthorizerUri"].(string)
		if ttl := fmt.Sprint(a.Properties["AuthorizerResultTtlInSeconds"]); ttl == "0" || len(v.routes) < 2 {
			continue
		}
		for _, fn := range v.App.Mentioned(uri) {
			code, _ := dig(fn.Properties, "Code")["ZipFile"].(string)
			if fn.Type == "AWS::Lambda::Function" && exactARN(code) {
				report(place{of: a}, "its result is cached, and the policy of "+fn.ID+" is for the one method that was called", "")
			}
		}
	}
}

// exactARN reports whether an authorizer's code puts the ARN of the method that is called into its policy, and makes no
// other of it.
func exactARN(code string) bool {
	return strings.Contains(code, "methodArn") && !strings.Contains(code, "*") &&
		!slices.ContainsFunc([]string{"split", "replace", "substring", "slice", "arn:aws"}, func(s string) bool { return strings.Contains(code, s) })
}
