package check

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/render"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A change is what a fix does to an API, in CloudFormation's terms. Package check writes it in those of whoever made the API.
type change struct {
	method     *gateway.Method              // nil for none
	properties map[string]any               // of the method
	errors     map[string]map[string]string // headers of gateway responses, by type
	preflight  *gateway.Resource            // gets an OPTIONS method; nil for none
	other      *cfn.Resource                // neither of these; nil for none
	attributes map[string]any               // of the other
	gone       []string                     // resources to take away
}

// headerName is a name that can be put into a list.
var headerName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// noValue takes a property away.
var noValue = map[string]any{"Ref": "AWS::NoValue"}

// changes has for each rule what to do about a finding; nil where nothing is known that is right, and the fix is the rule's.
var changes = map[rules.ID]func(v *View, p place) *change{
	rules.CORS101: addPreflight,
	rules.CORS102: onOptions(map[string]any{"AuthorizationType": "NONE"}),
	rules.CORS103: onOptions(map[string]any{"ApiKeyRequired": false}),
	rules.CORS104: onOptions(map[string]any{"RequestValidatorId": noValue}),
	rules.CORS105: asText,
	rules.CORS106: asText,
	rules.CORS107: onOptions(map[string]any{"Integration": map[string]any{"PassthroughBehavior": "NEVER"}}),
	rules.CORS108: okStatus,
	rules.CORS109: allowListed,
	rules.CORS110: allowMethods,
	rules.CORS111: allowHeaders,
	rules.CORS112: allowHeaders,
	rules.CORS113: addPreflight,
	rules.CORS114: addPreflight,
	rules.CORS115: addPreflight,
	rules.CORS116: addPreflight,
	rules.CORS117: func(v *View, p place) *change {
		return v.preflown(p, map[string]string{corsheader.MaxAge: "'7200'"})
	},
	rules.CORS118: allowListed,
	rules.CORS119: addPreflight,
	rules.CORS120: func(v *View, p place) *change {
		return v.preflown(p, v.lists(p))
	},
	rules.CORS121: func(v *View, p place) *change {
		if len(v.routes) == 0 {
			return nil
		}
		return &change{preflight: v.routes[0].resource}
	},
	rules.CORS122: allowHeaders,
	rules.CORS130: succeed,
	rules.CORS201: declare,
	rules.CORS202: setOrGone,
	rules.CORS203: quote,
	rules.CORS204: oneOrigin,
	rules.CORS205: oneOrigin,
	rules.CORS206: originOrCredentials,
	rules.CORS207: varyByOrigin,
	rules.CORS208: readable,
	rules.CORS209: credentialsTrue,
	rules.CORS212: bothCredentials,
	rules.CORS213: withoutStrangers,
	rules.CORS301: readableErrors,
	rules.CORS302: readableErrors,
	rules.CORS303: readableErrors,
	rules.CORS304: readableErrors,
	rules.CORS401: waitFor,
	rules.CORS406: sameList,
	rules.CORS408: inOneDocument,
}

// fix returns the fix of a finding.
func (v *View) fix(id rules.ID, p place) rules.Fix {
	if v.API.Kind != gateway.RestAPI {
		return v.settingFix(id, p)
	}
	origin := ""
	if exact := v.exact(); len(exact) > 0 {
		origin = exact[0]
	}
	methods, headers := v.around(p)
	general := id.Rule().Fix.Fill(origin, methods, headers)
	if strings.Contains(v.API.StageID, "/") {
		return general // deployed: nobody knows what wrote it
	}
	made, out := v.made(), rules.Fix{}
	if v.cdk() {
		out.Go = general.Go
	}
	if made == byCorsgate {
		out.Go = enabled(out.Go, p)
		return out
	}
	var c *change
	if decide := changes[id]; decide != nil {
		c = decide(v, p)
	}
	if c == nil || !v.write(&out, made, c) {
		out.CloudFormation = named(general.CloudFormation, v, p)
	}
	return out
}

// only is the key of a fix that has one.
var only = regexp.MustCompile(`(?m)^[A-Z][A-Za-z0-9]*:$`)

// named puts the finding's own resource instead of an example's.
func named(text string, v *View, p place) string {
	of := p.of
	if of == nil {
		of = v.API.Rest
	}
	keys := only.FindAllString(text, -1)
	if len(keys) != 1 || strings.Contains(text, "Type: AWS::") && !strings.Contains(text, "Type: "+of.Type+"\n") {
		return text
	}
	return strings.Replace(text, keys[0], of.ID+":", 1)
}

// enabled is a fix of an API that corsgate is enabled for: what is to be written differently, not that it is.
func enabled(text string, p place) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool {
		return strings.HasPrefix(l, "corsapi.Enable(") || strings.HasPrefix(l, "// every resource gets an OPTIONS")
	})
	if len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	return "// corsgate writes the responses to preflights of " + cmp.Or(p.path, "the API") + ":\n// take away what changes them, an override or an OPTIONS method of your own"
}

// listed is the allowlist as it is written; empty where there is none.
func (v *View) listed() []string {
	switch {
	case v.Allowlist.Any:
		return []string{"*"}
	case len(v.Allowlist.Names) > 0:
		return v.Allowlist.Names
	}
	return v.Allowlist.Origins
}

// exact are the origins of the allowlist.
func (v *View) exact() []string {
	return slices.DeleteFunc(slices.Clone(v.listed()), func(o string) bool { return !IsOrigin(o) })
}

// one is what Access-Control-Allow-Origin is where nothing decides about the origin; empty where something has to.
func (v *View) one() string {
	if list := v.listed(); len(list) == 1 && (list[0] == "*" || IsOrigin(list[0])) {
		return "'" + list[0] + "'"
	}
	return ""
}

// around returns the methods of a place's resource, and the headers that their requests have.
func (v *View) around(p place) (methods, headers []string) {
	for _, r := range v.routes {
		if r.resource.Path != p.path {
			continue
		}
		if r.method.HTTPMethod == "ANY" {
			methods = slices.Clone(questions.Methods)
		} else {
			methods = append(methods, r.method.HTTPMethod)
		}
		headers = append(headers, v.needs(r.method)...)
		if v.takesJSON(r) || slices.Contains([]string{"POST", "PUT", "PATCH"}, r.name) {
			headers = append(headers, "content-type")
		}
		if res := v.response(r, v.origin()); res != nil {
			headers = append(headers, split(res.Headers.Get(corsheader.AllowHeaders))...)
		}
	}
	methods = slices.DeleteFunc(methods, func(m string) bool { return m == "OPTIONS" })
	seen := map[string]bool{}
	headers = slices.DeleteFunc(headers, func(h string) bool {
		double := seen[strings.ToLower(h)] || !headerName.MatchString(h)
		seen[strings.ToLower(h)] = true
		return double
	})
	return slices.Compact(slices.Sorted(slices.Values(methods))), headers
}

// methodAt returns the method that a finding is about; for OPTIONS, the one that responds to preflights.
func (v *View) methodAt(p place) *gateway.Method {
	r := v.API.Find(p.path)
	if r == nil {
		return nil
	}
	if m := r.Method(p.method); m != nil {
		return m
	}
	for _, route := range v.routes {
		if route.resource == r {
			return v.answers(route)
		}
	}
	return nil
}

// addPreflight is an OPTIONS method instead of what there is.
func addPreflight(v *View, p place) *change {
	if r := v.API.Find(p.path); r != nil {
		return &change{preflight: r}
	}
	return nil
}

// onOptions changes properties of the OPTIONS method. Those of ANY are meant for others, so it gets an OPTIONS beside it.
func onOptions(properties map[string]any) func(*View, place) *change {
	return func(v *View, p place) *change {
		m := v.methodAt(p)
		switch {
		case m == nil:
			return nil
		case m.HTTPMethod != "OPTIONS":
			return &change{preflight: m.Resource}
		}
		return &change{method: m, properties: properties}
	}
}

func asText(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil {
		return nil
	}
	var responses []any
	for _, ir := range m.Integration.Responses {
		responses = append(responses, map[string]any{"StatusCode": ir.Status, "ContentHandling": "CONVERT_TO_TEXT"})
	}
	return &change{method: m, properties: map[string]any{"Integration": map[string]any{"ContentHandling": "CONVERT_TO_TEXT", "IntegrationResponses": responses}}}
}

// okStatus has the mock give a status that is declared.
func okStatus(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil || m.Integration.Type != apigw.Mock || len(m.Integration.Responses) != 1 {
		return addPreflight(v, p)
	}
	ir := m.Integration.Responses[0]
	if !strings.HasPrefix(ir.Status, "2") || ir.Pattern != "" || len(ir.Templates) > 0 || !slices.ContainsFunc(m.Responses, func(mr gateway.MethodResponse) bool { return mr.Status == ir.Status }) {
		return addPreflight(v, p)
	}
	return &change{method: m, properties: map[string]any{"Integration": map[string]any{"RequestTemplates": map[string]any{"application/json": `{"statusCode": ` + ir.Status + `}`}}}}
}

// respond is the change that adds headers to responses of a method, mapped and declared.
func respond(m *gateway.Method, headers map[string]string, which func(gateway.IntegrationResponse) bool) *change {
	if m == nil || m.Integration == nil || len(headers) == 0 {
		return nil
	}
	mapped, declared := map[string]any{}, map[string]any{}
	for name, value := range headers {
		mapped[apigw.MethodHeader+name], declared[apigw.MethodHeader+name] = value, true
	}
	var responses, methods []any
	for _, ir := range m.Integration.Responses {
		if !which(ir) {
			continue
		}
		responses = append(responses, map[string]any{"StatusCode": ir.Status, "ResponseParameters": mapped})
		if !declares(m, ir.Status, headers) {
			methods = append(methods, map[string]any{"StatusCode": ir.Status, "ResponseParameters": declared})
		}
	}
	if responses == nil {
		return nil
	}
	c := &change{method: m, properties: map[string]any{"Integration": map[string]any{"IntegrationResponses": responses}}}
	if methods != nil {
		c.properties["MethodResponses"] = methods
	}
	return c
}

func declares(m *gateway.Method, status string, headers map[string]string) bool {
	for _, mr := range m.Responses {
		if mr.Status != status {
			continue
		}
		have := map[string]bool{}
		for h := range mr.Headers {
			have[strings.ToLower(h)] = true
		}
		return !slices.ContainsFunc(sortedKeys(headers), func(h string) bool { return !have[strings.ToLower(h)] })
	}
	return false
}

func ok(ir gateway.IntegrationResponse) bool { return strings.HasPrefix(ir.Status, "2") }

// preflown returns the responses to preflights headers.
func (v *View) preflown(p place, headers map[string]string) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil || apigw.IsProxy(m.Integration.Type) || m.HTTPMethod != "OPTIONS" {
		return addPreflight(v, p)
	}
	return respond(m, headers, ok)
}

func allowListed(v *View, p place) *change {
	m := v.methodAt(p)
	if value := v.one(); value != "" && m != nil && m.Integration != nil && !slices.ContainsFunc(templates(m), overridesOrigin) {
		return v.preflown(p, map[string]string{corsheader.AllowOrigin: value})
	}
	return addPreflight(v, p)
}

// lists are the methods and the headers that preflights are to allow.
func (v *View) lists(p place) map[string]string {
	methods, headers := v.around(p)
	out := map[string]string{corsheader.AllowMethods: "'" + strings.Join(methods, ",") + "'"}
	if len(headers) > 0 {
		out[corsheader.AllowHeaders] = "'" + strings.Join(headers, ",") + "'"
	}
	return out
}

func allowMethods(v *View, p place) *change {
	return v.preflown(p, map[string]string{corsheader.AllowMethods: v.lists(p)[corsheader.AllowMethods]})
}

func allowHeaders(v *View, p place) *change {
	list := v.lists(p)[corsheader.AllowHeaders]
	if list == "" {
		return nil
	}
	return v.preflown(p, map[string]string{corsheader.AllowHeaders: list})
}

// declare has the method response declare what the integration response maps.
func declare(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil {
		return nil
	}
	var out []any
	for _, ir := range m.Integration.Responses {
		headers := map[string]any{}
		for name := range ir.Parameters {
			if strings.HasPrefix(name, apigw.MethodHeader) {
				headers[name] = true
			}
		}
		if p.note == "status "+ir.Status {
			out = append(out, map[string]any{"StatusCode": ir.Status, "ResponseParameters": headers})
		}
	}
	return &change{method: m, properties: map[string]any{"MethodResponses": out}}
}

// inQuotes are values with the quotes that a text has in a mapping.
func inQuotes(parameters map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range parameters {
		if !isExpression(value) {
			out[name] = "'" + strings.ReplaceAll(value, "'", "") + "'"
		}
	}
	return out
}

func quote(v *View, p place) *change {
	if p.path == "" {
		g := v.API.GatewayResponse(p.note)
		headers := map[string]string{}
		for name, value := range inQuotes(g.Parameters) {
			headers[strings.TrimPrefix(name, apigw.GatewayHeader)], _ = value.(string)
		}
		return &change{errors: map[string]map[string]string{p.note: headers}}
	}
	m := v.methodAt(p)
	if m == nil || m.Integration == nil {
		return nil
	}
	var out []any
	for _, ir := range m.Integration.Responses {
		if set := inQuotes(ir.Parameters); len(set) > 0 {
			out = append(out, map[string]any{"StatusCode": ir.Status, "ResponseParameters": set})
		}
	}
	return &change{method: m, properties: map[string]any{"Integration": map[string]any{"IntegrationResponses": out}}}
}

// has reports whether a response is the one that a place's note is about.
func (p place) has(ir gateway.IntegrationResponse) bool {
	return p.note == "" || slices.Contains(strings.Split(strings.TrimPrefix(p.note, "status "), ", "), ir.Status)
}

// oneOrigin puts the one origin of the list into a response, and nothing that goes not with it.
func oneOrigin(v *View, p place) *change {
	value := v.one()
	if p.path == "" {
		return readableErrors(v, p)
	}
	m := v.methodAt(p)
	if m == nil || m.Integration == nil || slices.ContainsFunc(templates(m), overridesOrigin) {
		return nil
	}
	if value == "" || value == "'*'" && v.credentialed() {
		if m.HTTPMethod == "OPTIONS" {
			return addPreflight(v, p)
		}
		return nil
	}
	return respond(m, map[string]string{corsheader.AllowOrigin: value}, p.has)
}

// originOrCredentials names the one origin or, where none is known, allows no credentials.
func originOrCredentials(v *View, p place) *change {
	if value := v.one(); value != "" && value != "'*'" {
		return oneOrigin(v, p)
	}
	without := map[string]string{corsheader.AllowCredentials: "'false'"}
	if p.path == "" {
		return &change{errors: map[string]map[string]string{p.note: without}}
	}
	return respond(v.methodAt(p), without, p.has)
}

// inCapitals is the fix of a gateway response of a type that there is not.
func (v *View) inCapitals(typ string) rules.Fix {
	capitals := strings.ToUpper(typ)
	if !slices.Contains(apigw.GatewayResponseTypes(), capitals) {
		capitals = apigw.Default4XX
	}
	c := readableErrors(v, place{note: capitals})
	for _, r := range v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse") {
		if r.Properties["ResponseType"] == typ {
			c = &change{other: r, attributes: map[string]any{"Properties": map[string]any{"ResponseType": capitals}}}
		}
	}
	var out rules.Fix
	v.write(&out, v.made(), c)
	return out
}

// samFix is the fix of what SAM refuses about CORS.
func samFix(f report.Finding) rules.Fix {
	origin := map[string]any{"AllowOrigin": "'" + anyPage + "'", "AllowHeaders": "'content-type,authorization'"}
	var properties map[string]any
	says := func(what string) bool { return strings.Contains(f.Detail, what) }
	switch {
	case says("AddDefaultAuthorizerToCorsPreflight"):
		properties = map[string]any{"Auth": map[string]any{"AddDefaultAuthorizerToCorsPreflight": false}}
	case says("AddApiKeyRequiredToCorsPreflight"):
		properties = map[string]any{"Auth": map[string]any{"AddApiKeyRequiredToCorsPreflight": false}}
	case says("GatewayResponses"):
		properties = map[string]any{"GatewayResponses": map[string]any{"DEFAULT_4XX": map[string]any{"ResponseParameters": map[string]any{"Headers": map[string]any{corsheader.AllowOrigin: "'" + anyPage + "'"}}}}}
	case says("AllowCredentials"):
		properties = map[string]any{"Cors": map[string]any{"AllowOrigin": "'" + anyPage + "'", "AllowCredentials": true}}
	case says("MaxAge"):
		properties = map[string]any{"Cors": map[string]any{"MaxAge": "'7200'"}}
	default:
		properties = map[string]any{"Cors": origin}
	}
	if f.LogicalID == "" || says(" event ") || strings.HasPrefix(f.LogicalID, "Globals") || f.LogicalID == "ServerlessRestApi" {
		return rules.Fix{SAM: "# at the API: of one, or of all\n" + render.YAML(map[string]any{"Globals": map[string]any{"Api": properties}})}
	}
	return rules.Fix{SAM: render.YAML(map[string]any{f.LogicalID: map[string]any{"Properties": properties}})}
}

func varyByOrigin(v *View, p place) *change {
	if p.path == "" {
		return &change{errors: map[string]map[string]string{p.note: {corsheader.Vary: "'Origin'"}}}
	}
	return respond(v.methodAt(p), map[string]string{corsheader.Vary: "'Origin'"}, func(ir gateway.IntegrationResponse) bool {
		return p.method == "OPTIONS" || p.has(ir)
	})
}

// readable returns responses of a method what those to preflights have.
func readable(v *View, p place) *change {
	m, value := v.methodAt(p), v.one()
	if value == "" || m == nil {
		return nil
	}
	headers := map[string]string{corsheader.AllowOrigin: value}
	if value != "'*'" && v.credentialed() {
		headers[corsheader.AllowCredentials] = "'true'"
	}
	return respond(m, headers, p.has)
}

func credentialsTrue(v *View, p place) *change {
	if p.path == "" {
		return &change{errors: map[string]map[string]string{p.note: {corsheader.AllowCredentials: "'true'"}}}
	}
	return respond(v.methodAt(p), map[string]string{corsheader.AllowCredentials: "'true'"}, p.has)
}

// bothCredentials allows credentials where one side lacks them.
func bothCredentials(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || v.one() == "" || v.one() == "'*'" {
		return nil
	}
	if v.credentialed() {
		return respond(m, map[string]string{corsheader.AllowCredentials: "'true'", corsheader.AllowOrigin: v.one()}, p.has)
	}
	for _, r := range v.routes {
		if r.method == m {
			return respond(v.answers(r), map[string]string{corsheader.AllowCredentials: "'true'"}, ok)
		}
	}
	return nil
}

// readableErrors returns gateway responses headers. They cannot decide about the origin: with a list they have none that
// goes with credentials.
func readableErrors(v *View, p place) *change {
	headers := map[string]string{corsheader.AllowOrigin: cmp.Or(v.one(), "'*'")}
	if headers[corsheader.AllowOrigin] != "'*'" && v.credentialed() {
		headers[corsheader.AllowCredentials] = "'true'"
	}
	c := &change{errors: map[string]map[string]string{}}
	for _, typ := range strings.Split(p.note, ", ") {
		if slices.Contains(apigw.GatewayResponseTypes(), typ) {
			c.errors[typ] = headers
		}
	}
	if len(c.errors) == 0 {
		return nil
	}
	return c
}

// succeed has a method's integration work that always fails.
func succeed(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil {
		return nil
	}
	integration := map[string]any{}
	switch cause, _ := v.API.Fails(m); {
	case cause == gateway.NotPost:
		integration["IntegrationHttpMethod"] = "POST"
	case cause == gateway.NoMockStatus && len(m.Integration.Responses) > 0:
		integration["RequestTemplates"] = map[string]any{"application/json": `{"statusCode": ` + m.Integration.Responses[0].Status + `}`}
	default:
		return nil
	}
	return &change{method: m, properties: map[string]any{"Integration": integration}}
}

// setOrGone sets the headers that are declared and not set, where it is known to what, and else takes the declaration away.
func setOrGone(v *View, p place) *change {
	m := v.methodAt(p)
	if m == nil || m.Integration == nil {
		return nil
	}
	known := map[string]string{}
	if m.HTTPMethod == "OPTIONS" {
		known = v.lists(p)
	}
	var mapped, declared []any
	for _, mr := range m.Responses {
		if p.note != "status "+mr.Status {
			continue
		}
		set, gone := map[string]any{}, map[string]any{}
		for _, name := range sortedKeys(mr.Headers) {
			if !corsheader.IsVary(name) && !corsheader.Is(name) || slices.ContainsFunc(m.Integration.RequestTemplates, func(t gateway.Template) bool { return overrides(t, strings.ToLower(name)) }) {
				continue
			}
			if slices.ContainsFunc(m.Integration.Responses, func(ir gateway.IntegrationResponse) bool {
				return ir.Status == mr.Status && (slices.ContainsFunc(sortedKeys(ir.Parameters), func(k string) bool { return strings.EqualFold(k, apigw.MethodHeader+name) }) ||
					slices.ContainsFunc(ir.Templates, func(t gateway.Template) bool { return overrides(t, strings.ToLower(name)) }))
			}) {
				continue
			}
			if value := known[name]; value != "" {
				set[apigw.MethodHeader+name] = value
			} else {
				gone[apigw.MethodHeader+name] = noValue
			}
		}
		if len(set) > 0 {
			mapped = append(mapped, map[string]any{"StatusCode": mr.Status, "ResponseParameters": set})
		}
		if len(gone) > 0 {
			declared = append(declared, map[string]any{"StatusCode": mr.Status, "ResponseParameters": gone})
		}
	}
	properties := map[string]any{}
	if mapped != nil {
		properties["Integration"] = map[string]any{"IntegrationResponses": mapped}
	}
	if declared != nil {
		properties["MethodResponses"] = declared
	}
	return &change{method: m, properties: properties}
}

// waitFor has the deployment depend on all that it serves.
func waitFor(v *View, p place) *change {
	for _, d := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Deployment") {
		var all []any
		for _, id := range d.DependsOn {
			all = append(all, id)
		}
		for _, typ := range []string{"AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"} {
			for _, r := range v.App.Of(v.API.Rest, typ) {
				if r.Stack == d.Stack && !slices.Contains(all, any(r.ID)) {
					all = append(all, r.ID)
				}
			}
		}
		if p.of != nil && p.of.Stack == d.Stack {
			return &change{other: d, attributes: map[string]any{"DependsOn": all}}
		}
	}
	return nil
}

// sameList sets the origins of a function to those that preflights allow.
func sameList(v *View, p place) *change {
	if len(v.exact()) != len(v.listed()) || p.of == nil {
		return nil
	}
	variables := map[string]any{}
	vars := dig(p.of.Properties, "Environment", "Variables")
	for _, name := range sortedKeys(vars) {
		if _, ok := vars[name].(string); ok && NamesOrigins(name) {
			variables[name] = strings.Join(v.exact(), ",")
		}
	}
	return &change{other: p.of, attributes: map[string]any{"Properties": map[string]any{"Environment": map[string]any{"Variables": variables}}}}
}

// withoutStrangers takes what lets strangers in from the list of a function or of the stage.
func withoutStrangers(v *View, p place) *change {
	if p.of == nil {
		return nil
	}
	vars, of := dig(p.of.Properties, "Environment", "Variables"), []string{"Environment", "Variables"}
	credentials := false
	if p.of.Type == "AWS::ApiGateway::Stage" {
		vars, of = dig(p.of.Properties, "Variables"), []string{"Variables"}
		credentials = v.credentialed() || v.Allowlist.policy != nil && v.Allowlist.policy.Credentials()
	}
	variables := map[string]any{}
	for _, name := range sortedKeys(vars) {
		text, ok := vars[name].(string)
		if !ok || len(v.App.Symbols(text)) > 0 || !NamesOrigins(name) && !stagevars.IsAllowlist(name) {
			continue
		}
		entries := split(text)
		kept := slices.DeleteFunc(slices.Clone(entries), func(o string) bool { return anybodys(strings.ReplaceAll(o, "~", "*"), credentials) != "" })
		if len(kept) < len(entries) && len(kept) > 0 {
			variables[name] = strings.Join(kept, ",")
		}
	}
	if len(variables) == 0 {
		return nil
	}
	var properties any = variables
	for _, k := range slices.Backward(of) {
		properties = map[string]any{k: properties}
	}
	return &change{other: p.of, attributes: map[string]any{"Properties": properties}}
}

// inOneDocument moves gateway responses into the document that takes them away.
func inOneDocument(v *View, p place) *change {
	if v.API.Rest.Properties["Body"] == nil || v.made() == byServerless {
		return nil
	}
	c := &change{errors: map[string]map[string]string{}}
	for _, r := range v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse") {
		typ, _ := r.Properties["ResponseType"].(string)
		c.errors[typ] = map[string]string{}
		for name, value := range v.API.GatewayResponse(typ).Parameters {
			c.errors[typ][strings.TrimPrefix(name, apigw.GatewayHeader)] = value
		}
		c.gone = append(c.gone, r.ID)
	}
	return c
}
