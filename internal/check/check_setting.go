package check

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// ofSettings reports whether a rule is of HTTP APIs and function URLs, and not of REST APIs.
func ofSettings(id rules.ID) bool { return strings.HasPrefix(string(id), "CORS8") }

// newSettingView is [newView] of an HTTP API or a function URL.
func newSettingView(api *gateway.API) *View {
	v := &View{App: api.App, API: api, Allowlist: &Allowlist{}}
	if s := api.CORS; s != nil {
		v.Allowlist.From, v.Allowlist.Any = "template", slices.Contains(s.Origins, "*")
		v.Allowlist.Origins, v.Allowlist.Names = s.Origins, s.Origins
	}
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			path := questions.PathTo(api, r)
			if path == "/" && r.Path == gateway.DefaultRoute {
				path = "/1" // the root is the one path that no greedy route takes
			}
			if m.HTTPMethod != "OPTIONS" {
				v.routes = append(v.routes, route{r, m, m.HTTPMethod, path})
			}
		}
	}
	return v
}

// known reports whether a text is known before the deployment.
func (v *View) known(text string) bool { return len(v.App.Symbols(text)) == 0 }

// allKnown reports whether every element of a list is known.
func (v *View) allKnown(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !v.known(s) })
}

// ofSetting makes a checker of one that looks at the CORS setting, where there is one that is known.
func ofSetting(check func(v *View, s *corssetting.Setting, report reporter)) checker {
	return func(v *View, report reporter) {
		if v.API.CORS != nil && v.API.NoSetting() == nil {
			check(v, v.API.CORS, report)
		}
	}
}

// set is the place of a finding about the setting, with the members that the fix sets. Nil removes a member.
func (v *View) set(members map[string]any) place {
	p := place{}
	if len(members) > 0 {
		p.setting = &members
	}
	return p
}

// noPage says why no browser sends an origin of a setting; empty if one may.
func noPage(s corssetting.Service, o string) string {
	scheme, rest, ok := strings.Cut(o, "://")
	why := s.Pattern(o)
	switch {
	case why != "":
		return why
	case o == "null", strings.Contains(o, "*"), IsOrigin(o):
		return ""
	case !ok:
		return "it has no scheme"
	case strings.Contains(rest, "/"):
		return "an origin ends with its host, or its port"
	case o != strings.ToLower(o):
		return "browsers write it in lower case"
	case scheme == "https" && strings.HasSuffix(o, ":443") || scheme == "http" && strings.HasSuffix(o, ":80"):
		return "browsers leave the scheme's own port out"
	}
	return "no browser writes an origin so"
}

// originMeant is the origin that was meant by an entry; empty if there is none that a setting can have.
func originMeant(o string) string {
	scheme, rest, ok := strings.Cut(strings.ToLower(o), "://")
	if !ok {
		scheme, rest = "https", strings.ToLower(o)
	}
	host, _, _ := strings.Cut(rest, "/")
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	if o = scheme + "://" + host; strings.Contains(o, "*") || !IsOrigin(o) {
		return ""
	}
	return o
}

const exampleOrigin = "https://app.example.com"

// noPages decides CORS801.
func noPages(v *View, s *corssetting.Setting, report reporter) {
	var bad []string
	var fixed []any
	for _, o := range s.Origins {
		why := ""
		if v.known(o) {
			why = noPage(s.Service, o)
		}
		if why == "" {
			fixed = append(fixed, o)
			continue
		}
		bad = append(bad, o+" ("+why+")")
		if m := originMeant(o); m != "" {
			fixed = append(fixed, m)
		}
	}
	if len(bad) == 0 {
		return
	}
	if len(fixed) == 0 {
		fixed = []any{exampleOrigin}
	}
	report(v.set(map[string]any{"AllowOrigins": fixed}), "AllowOrigins has "+strings.Join(bad, ", "), "")
}

// noOrigins decides CORS816.
func noOrigins(v *View, report reporter) {
	empty := errors.Is(v.API.NoSetting(), gateway.ErrEmptySetting)
	s := v.API.CORS
	if !empty && (s == nil || v.API.NoSetting() != nil || len(s.Origins) > 0) {
		return
	}
	if s == nil {
		s = &corssetting.Setting{}
	}
	members := map[string]any{"AllowOrigins": []any{exampleOrigin}}
	if methods := v.methodsNeeded(nil); len(s.Methods) == 0 && len(methods) > 0 {
		members["AllowMethods"] = anys(methods)
	}
	if headers := v.headersNeeded(); len(s.Headers) == 0 && len(headers) > 0 {
		members["AllowHeaders"] = anys(headers)
	}
	what := "has no AllowOrigins: no page at another origin may read a response"
	if empty {
		what = "is empty: it allows no page, or counts as none: that is not documented"
	}
	report(v.set(members), v.property()+" "+what, "")
}

// everybody decides CORS802.
func everybody(v *View, s *corssetting.Setting, report reporter) {
	if !s.Credentialed() && v.known(s.Credentials) {
		return
	}
	var wide []string
	var exact []any
	for _, o := range s.Origins {
		switch {
		case o == "*" || s.Service == corssetting.HTTPAPI && (o == "https://*" || o == "http://*"):
			wide = append(wide, o)
		case !v.known(o) || IsOrigin(o):
			exact = append(exact, o)
		}
	}
	switch {
	case len(wide) == 0:
		return
	case !s.Credentialed():
		v.leave(nil, "whether "+strings.Join(wide, ", ")+" in AllowOrigins is with credentials: AllowCredentials is "+s.Credentials)
		return
	}
	members := map[string]any{"AllowOrigins": exact}
	if len(exact) == 0 {
		members = map[string]any{"AllowCredentials": nil}
	}
	what := "every page of the scheme is allowed with credentials"
	switch {
	case slices.Contains(wide, "*") && s.Service == corssetting.HTTPAPI:
		what = "an HTTP API refuses that, and the deployment fails"
	case slices.Contains(wide, "*"):
		what = "no page can use it with credentials, or every page can"
	}
	report(v.set(members), "AllowOrigins has "+strings.Join(wide, ", ")+", and AllowCredentials is true: "+what, "")
}

// namesHeader reports whether code names Access-Control-Allow-Origin.
func namesHeader(code string) bool {
	return strings.Contains(strings.ToLower(code), strings.ToLower(corsheader.AllowOrigin))
}

// sends reports whether a function is known to send Access-Control-Allow-Origin, and whether its code speaks of OPTIONS.
func (v *View) sends(fn *cfn.Resource) (sends, options bool) {
	f := v.codeOf(fn)
	code := f.Code.Inline
	if code == "" && f.Code.Path != "" && interpreted(f.Runtime) {
		for _, pattern := range []string{"*.js", "*.mjs", "*.cjs", "*.py", "*.rb"} {
			found, _ := filepath.Glob(filepath.Join(f.Code.Path, pattern))
			for _, name := range found[:min(len(found), maxFiles)] {
				text, _ := os.ReadFile(name)
				code += string(text)
			}
		}
	}
	return namesHeader(code), strings.Contains(code, "OPTIONS")
}

// doubled decides CORS803, and CORS804 of an HTTP API.
func doubled(kind gateway.Kind) checker {
	return ofSetting(func(v *View, s *corssetting.Setting, report reporter) {
		if v.API.Kind != kind {
			return
		}
		for _, fn := range v.functions() {
			sends, options := v.sends(fn)
			if !sends {
				continue
			}
			if kind == gateway.HTTPAPI {
				report(place{of: fn}, "the function sends "+corsheader.AllowOrigin+", which the API ignores beside its CorsConfiguration", "")
				continue
			}
			p := place{}
			if options { // the function can do without the setting
				p.setting = &map[string]any{}
			}
			report(p, "the function "+fn.ID+" sends "+corsheader.AllowOrigin+" itself, and the URL sends that of Cors beside it",
				"The 'Access-Control-Allow-Origin' header contains multiple values, but only one is allowed.")
		}
	})
}

// meantForPages reports whether an API without a setting is meant for pages at other origins.
func (v *View) meantForPages() bool {
	if v.API.CORS != nil || v.forPages() {
		return true
	}
	for _, r := range v.API.Resources() {
		if r.Method("OPTIONS") != nil {
			return true
		}
	}
	return slices.ContainsFunc(v.functions(), func(fn *cfn.Resource) bool {
		sends, _ := v.sends(fn)
		return sends || emits(fn)
	})
}

// simple are methods that need no preflight.
var simple = []string{"GET", "HEAD", "POST"}

// unanswered decides CORS805.
func unanswered(v *View, report reporter) {
	if v.API.Kind != gateway.HTTPAPI || v.API.CORS != nil || v.API.NoSetting() != nil || !v.whole() || !v.meantForPages() {
		return
	}
	var without []string
	needed := false
	for _, r := range v.routes {
		if m, _ := v.API.Route("OPTIONS", r.path); m == nil && r.method.HTTPMethod != "ANY" {
			without = append(without, r.method.HTTPMethod+" "+r.resource.Path)
			needed = needed || !slices.Contains(simple[:2], r.method.HTTPMethod) || len(r.method.Identity()) > 0
		}
	}
	if !needed {
		return
	}
	if len(without) > 4 {
		without = append(without[:3], fmt.Sprintf("%d more", len(without)-3))
	}
	methods, headers := v.methodsNeeded(nil), v.headersNeeded()
	members := map[string]any{"AllowOrigins": []any{exampleOrigin}, "AllowMethods": anys(methods), "AllowHeaders": anys(headers)}
	report(v.set(members), "there is no CorsConfiguration, and no route takes the preflights of "+strings.Join(without, ", "), "")
}

func anys(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// methodsNeeded lists the methods of the routes that are written out, those of a list first.
func (v *View) methodsNeeded(list []string) []string {
	out := slices.Clone(list)
	for _, m := range questions.Methods {
		if !slices.Contains(out, m) && slices.ContainsFunc(v.routes, func(r route) bool { return r.method.HTTPMethod == m }) {
			out = append(out, m)
		}
	}
	return out
}

// headersNeeded lists the request headers that routes cannot do without, and content-type where JSON is likely to be sent.
func (v *View) headersNeeded() []string {
	var out []string
	for _, r := range v.routes {
		out = append(out, v.demanded(r.method)...)
		if slices.Contains([]string{"POST", "PUT", "PATCH"}, r.method.HTTPMethod) {
			out = append(out, "content-type")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// demanded are the headers without which a route turns requests away.
func (v *View) demanded(m *gateway.Method) []string {
	if m.Err != nil { // who may call it is not known
		return nil
	}
	if m.AuthorizationType == "AWS_IAM" {
		return apigw.SignatureHeaders
	}
	return m.Identity()
}

// turnedAway decides CORS806.
func turnedAway(v *View, report reporter) {
	if v.API.Kind != gateway.HTTPAPI || !v.meantForPages() {
		return
	}
	var done []*gateway.Method
	for _, r := range v.routes {
		m, _ := v.API.Route("OPTIONS", r.path)
		if m == nil || m.Err != nil || slices.Contains(done, m) {
			continue
		}
		done = append(done, m)
		if refuses, known := m.RefusesPreflights(); !refuses {
			if !known {
				v.leave(m, "whether its authorizer lets in preflights, which carry no token: its function decides, or it is not in the template")
			}
			continue
		}
		p := at(m)
		p.unauthorized = m
		report(p, fmt.Sprintf("preflights are taken by %s %s, which requires authorization (%s)", m.HTTPMethod, m.Resource.Path, m.AuthorizationType),
			"Response to preflight request doesn't pass access control check: It does not have HTTP ok status.")
	}
}

// lacksMethods decides CORS807.
func lacksMethods(v *View, s *corssetting.Setting, report reporter) {
	meant := v.methodsMeant(s) // that the service does not take some is another rule's
	if slices.Contains(meant, "*") || !v.allKnown(meant) || !v.whole() {
		return
	}
	var lacks []string
	for _, r := range v.routes {
		if m := r.method.HTTPMethod; m != "ANY" && !slices.Contains(simple, m) && !slices.Contains(meant, m) && !slices.Contains(lacks, m) {
			lacks = append(lacks, m)
		}
	}
	if len(lacks) == 0 {
		return
	}
	slices.Sort(lacks)
	report(v.set(map[string]any{"AllowMethods": anys(v.methodsNeeded(meant))}), "AllowMethods lacks "+strings.Join(lacks, ", ")+", which routes have", "")
}

// hasHeader reports whether a list of headers has one.
func hasHeader(list []string, name string) bool {
	return slices.ContainsFunc(list, func(h string) bool { return strings.EqualFold(h, name) })
}

// lacking lists the headers that routes demand and the setting lacks, and names a route that does.
func (v *View) lacking(s *corssetting.Setting) (lacks []string, where string) {
	if !v.allKnown(s.Headers) {
		return nil, ""
	}
	star := slices.Contains(s.Headers, "*")
	for _, r := range v.routes {
		for _, h := range v.demanded(r.method) {
			// What * is not for is another rule's, and not every signature has a token.
			if hasHeader(s.Headers, h) || star || slices.Contains(lacks, h) || h == apigw.SignatureHeaders[2] && len(lacks) == 0 {
				continue
			}
			lacks = append(lacks, h)
			where = cmp.Or(where, r.method.HTTPMethod+" "+r.resource.Path+" ("+r.method.AuthorizationType+")")
		}
	}
	return lacks, where
}

// lacksHeaders decides CORS808.
func lacksHeaders(v *View, s *corssetting.Setting, report reporter) {
	lacks, where := v.lacking(s)
	if len(lacks) == 0 {
		return
	}
	report(v.set(map[string]any{"AllowHeaders": anys(union(slices.Concat(s.Headers, lacks), v.headersNeeded()))}), "AllowHeaders lacks "+strings.Join(lacks, ", ")+", without which "+where+" turns requests away", "")
}

// noJSON decides CORS809.
func noJSON(v *View, s *corssetting.Setting, report reporter) {
	if lacks, _ := v.lacking(s); len(lacks) > 0 || slices.Contains(s.Headers, "*") || hasHeader(s.Headers, "content-type") || !v.allKnown(s.Headers) {
		return
	}
	writes := func(m string) bool { return slices.Contains([]string{"POST", "PUT", "PATCH"}, m) }
	for _, r := range v.routes {
		if r.method.Err != nil {
			continue // which methods it has may not be known
		}
		if writes(r.method.HTTPMethod) || r.method.HTTPMethod == "ANY" && slices.ContainsFunc(s.Methods, writes) {
			what := r.method.HTTPMethod + " " + r.resource.Path
			if v.API.Kind == gateway.FunctionURL {
				what = "the URL"
			}
			report(v.set(map[string]any{"AllowHeaders": anys(append(slices.Clone(s.Headers), "content-type"))}), "AllowHeaders lacks content-type, so that no page can send JSON to "+what, "")
			return
		}
	}
}

// starIsNotAll decides CORS810.
func starIsNotAll(v *View, s *corssetting.Setting, report reporter) {
	members, said := map[string]any{}, []string(nil)
	rest := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(e string) bool { return e == "*" })
	}
	if slices.Contains(s.Headers, "*") {
		needs := slices.ContainsFunc(v.routes, func(r route) bool { return slices.Contains(v.demanded(r.method), "authorization") })
		switch {
		case s.Credentialed():
			said = append(said, "with credentials * in AllowHeaders is a header's name, and no more")
			members["AllowHeaders"] = anys(union(rest(s.Headers), append(v.headersNeeded(), "content-type")))
		case needs && !hasHeader(s.Headers, "authorization"):
			said = append(said, "* in AllowHeaders is not for authorization, which routes want")
			members["AllowHeaders"] = anys(append(slices.Clone(s.Headers), "authorization"))
		}
	}
	if slices.Contains(s.Methods, "*") && s.Credentialed() {
		said = append(said, "with credentials * in AllowMethods is a method's name, and no more")
		members["AllowMethods"] = anys(union(rest(s.Methods), questions.Methods))
	}
	if len(said) > 0 {
		report(v.set(members), strings.Join(said, "; "), "")
	}
}

// union is a list with what it does not have of another.
func union(list, more []string) []string {
	for _, e := range more {
		if !hasHeader(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// refusedSetting decides CORS811.
func refusedSetting(v *View, report reporter) {
	if len(v.API.Undeployable) > 0 {
		report(place{advice: "take out of the parameter mappings what API Gateway does not take there"}, strings.Join(v.API.Undeployable, "; "), "")
	}
	members, said := map[string]any{}, []string(nil)
	if s := v.API.CORS; s != nil && v.API.NoSetting() == nil {
		mistyped := s.Mistyped(v.known)
		for _, name := range slices.Sorted(maps.Keys(mistyped)) {
			said, members[name] = append(said, mistyped[name]), nil
			switch {
			case name == "MaxAge":
				members[name] = int(corsheader.ChromiumCap.Seconds())
			case slices.Contains([]string{"1", "on", "y", "yes"}, strings.ToLower(s.Credentials)) && !slices.Contains(s.Origins, "*"):
				members[name] = true
			}
		}
		if bad := s.RefusedMethods(v.known); len(bad) > 0 {
			said = append(said, "AllowMethods has "+strings.Join(bad, ", ")+", which "+s.Service.Name()+" does not take")
			members["AllowMethods"] = anys(v.methodsMeant(s))
		}
		var origins []string
		for _, r := range s.Refused(v.known) {
			said = append(said, r.String())
			switch {
			case r.Member == "MaxAge":
				members["MaxAge"] = int(corsheader.ChromiumCap.Seconds())
			case r.Entry != "":
				origins = append(origins, r.Entry)
			}
		}
		if len(origins) > 0 {
			rest := slices.DeleteFunc(slices.Clone(s.Origins), func(o string) bool { return slices.Contains(origins, o) })
			if len(rest) == 0 {
				rest = []string{exampleOrigin}
			}
			members["AllowOrigins"] = anys(rest)
		}
		lists := map[string][]string{"AllowOrigins": s.Origins, "AllowMethods": s.Methods, "AllowHeaders": s.Headers, "ExposeHeaders": s.Expose}
		for _, name := range s.Texts {
			if members[name] == nil {
				members[name] = anys(lists[name])
			}
		}
	}
	if len(said) > 0 {
		p := v.set(members)
		if len(members) == 0 { // which entries to leave out is not ours to say
			p.advice = "name fewer entries, or remove " + v.property() + " and let the function respond"
		}
		report(p, strings.Join(said, "; "), "")
	}
}

// methodsMeant are the methods of a setting, with those that the service takes instead of others that it does not take.
func (v *View) methodsMeant(s *corssetting.Setting) []string {
	var out []string
	bad := s.RefusedMethods(v.known)
	for _, m := range s.Methods {
		upper := strings.ToUpper(m)
		switch {
		case !slices.Contains(bad, m):
			out = union(out, []string{m})
		case upper == "ANY":
			out = union(out, []string{"*"})
		case slices.Contains(questions.Methods, upper):
			out = union(out, []string{upper})
		}
	}
	return out
}

// withoutVariables decides CORS812.
func withoutVariables(v *View, report reporter) {
	if v.API.CORS != nil || v.API.NoSetting() != nil {
		return
	}
	_, err := cors.FromStageVariables(v.API.Variables)
	for _, r := range v.routes {
		fn := v.proxied(r.method)
		if fn == nil || !wrapper.Emits(fn.Metadata, fn.Properties) {
			continue
		}
		why := ""
		switch {
		case v.API.Kind == gateway.FunctionURL:
			why = "a function URL has none"
		case r.method.Integration.Payload == "2.0":
			why = "it reads them, and the method of a preflight, in format 1.0 alone"
		case err != nil:
			why = "the stage " + v.App.Show(v.API.Stage) + " holds no allowlist"
		default:
			continue
		}
		methods := questions.Methods
		if v.API.Kind == gateway.HTTPAPI {
			methods = v.methodsNeeded(nil)
		}
		members := map[string]any{"AllowOrigins": []any{exampleOrigin}, "AllowMethods": anys(methods), "AllowHeaders": []any{"content-type"}}
		report(v.set(members), "the function "+fn.ID+" takes its allowlist from stage variables, and refuses every page: "+why, "")
		return
	}
}

// forbidden decides CORS813.
func forbidden(v *View, report reporter) {
	switch {
	case v.API.Foreign():
		v.leave(nil, "whether everybody may call the URL: its function is not in the template, and the permission may be where the function is")
	case v.API.Closed() && v.whole():
		report(place{public: true}, "AuthType is NONE, but no permission lets everybody call the URL: Lambda responds with 403", "")
	}
}

// keptLonger decides CORS814.
func keptLonger(v *View, s *corssetting.Setting, report reporter) {
	n, err := strconv.Atoi(s.MaxAge)
	if most := int(corsheader.ChromiumCap.Seconds()); err == nil && n > most && len(s.Refused(v.known)) == 0 {
		report(v.set(map[string]any{"MaxAge": most}), fmt.Sprintf("MaxAge is %d seconds; Chromium keeps the result of a preflight for at most %d, Safari for %d", n, most, int(corsheader.WebKitCap.Seconds())), "")
	}
}

// exposesNothing decides CORS815.
func exposesNothing(v *View, s *corssetting.Setting, report reporter) {
	if s.Credentialed() && slices.Contains(s.Expose, "*") {
		named := slices.DeleteFunc(slices.Clone(s.Expose), func(e string) bool { return e == "*" })
		if len(named) == 0 {
			named = []string{"x-request-id"}
		}
		report(v.set(map[string]any{"ExposeHeaders": anys(named)}), "with credentials * in ExposeHeaders is a header's name, and exposes no other", "")
	}
}

// noteSetting takes the notes of an HTTP API or a function URL.
func (s *seen) noteSetting(v *View) {
	if !v.meantForPages() {
		return
	}
	if v.API.Half() {
		s.notes.line(s.app.Name(v.API.Rest) + ": the templates let everybody call the URL (lambda:InvokeFunctionUrl), but not the function (lambda:InvokeFunction with InvokedViaFunctionUrl), which function URLs made since October 2025 need: without it Lambda responds with 403")
	}
	for _, r := range v.routes {
		fn := v.proxied(r.method)
		name := s.app.Name(v.API.Rest) + " " + r.method.HTTPMethod + " " + r.resource.Path
		switch m, _ := v.API.Route("OPTIONS", r.path); {
		case v.API.CORS == nil && fn != nil:
			s.notes.own[0][name] = true
		case v.API.Kind == gateway.HTTPAPI && m != nil && v.API.CORS != nil && m.Integration != nil && m.Integration.Type == apigw.AWSProxy && m.AuthorizationType == "NONE":
			s.notes.status[name] = true
		}
	}
}

// statuses lists the routes whose preflights get their status from a function.
func (s *seen) statuses() []string {
	if n := len(s.notes.status); n > 0 {
		return []string{"the preflights of " + report.Plural(n, "route") + " reach a function beside CorsConfiguration, which has to respond to OPTIONS with an OK status: corsgate explain runs it"}
	}
	return nil
}

// SettingFaults says, one line each, why an HTTP API or a function URL is not deployed with its CORS setting, besides what
// [gateway.API.Undeployable] says.
func SettingFaults(api *gateway.API) []string {
	if api.Kind == gateway.RestAPI {
		return nil
	}
	var out []string
	known := strings.Join(api.Undeployable, "; ")
	v, say := newSettingView(api), func(_ place, detail, _ string) {
		if detail != known {
			out = append(out, detail)
		}
	}
	refusedSetting(v, say)
	if s := api.CORS; s != nil && api.Kind == gateway.HTTPAPI && slices.Contains(s.Origins, "*") && s.Credentialed() {
		ofSetting(everybody)(v, say)
	}
	return out
}
