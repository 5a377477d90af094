package cfn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A scope is where a value is evaluated.
type scope struct {
	app *App
	st  *Stack
	id  string // of the resource, or "Outputs.NAME"
	at  *step  // where in it
	// strict reports whether an unknown region or account is a symbol.
	strict   bool
	includes int
	function string // that is evaluated
}

// A step is a member or an element on the way to a value.
type step struct {
	up   *step
	name string
}

func (s *step) path() string {
	if s == nil {
		return ""
	}
	return s.up.path() + "." + s.name
}

// noValue is what AWS::NoValue is.
type noValue struct{}

// line is where what is evaluated stands.
func (e scope) line() int {
	if section, name, ok := strings.Cut(e.id, "."); ok {
		return e.st.file.lines["/"+section+"/"+Escape(name)]
	}
	return e.st.file.line(e.id)
}

// tell notes a problem.
func (e scope) tell(kind ProblemKind, text string) {
	e.app.problem(Problem{File: e.st.File, Line: e.line(), Stack: e.st.Name, LogicalID: e.id, Text: e.app.expression(text), Kind: kind})
}

// unknown notes a problem and returns the unknown value that comes of it.
func (e scope) unknown(kind ProblemKind, text, expression string) any {
	e.tell(kind, text)
	s := e.app.register(Symbol{Expression: e.app.expression(expression), Stack: e.st.Name, Why: e.app.expression(text)}, "unknown", e.st.identity, expression)
	return &Unknown{Symbol: s}
}

// malformed is what comes of a function that is not called as it has to be.
func (e scope) malformed(text string, arg any) any {
	return e.unknown(Malformed, text, e.function+"("+render(e.app, arg, false)+")")
}

func (e scope) in(name string) scope {
	e.at = &step{e.at, name}
	return e
}

// edge notes that the resource that is evaluated refers to another.
func (e scope) edge(to string) {
	if e.st.edges[e.id] == nil {
		e.st.edges[e.id] = map[string]bool{}
	}
	e.st.edges[e.id][to] = true
}

// val evaluates a value. Lists and objects are copied.
func (e scope) val(v any) any {
	e.app.depth++
	defer func() { e.app.depth-- }()
	if e.app.steps++; e.app.steps > maxSteps {
		if !e.app.tooLarge {
			e.app.tooLarge = true
			e.tell(Elsewhere, "the templates are too large, or functions in them make them so: what comes from here on is not known")
		}
		return &Unknown{Symbol: e.app.register(Symbol{Expression: "...", Stack: e.st.Name, Why: "the templates are too large"}, "too large", e.st.identity, e.id)}
	}
	if e.app.depth > maxDepth {
		return e.unknown(Elsewhere, "nested too deep", "...")
	}
	switch x := v.(type) {
	case string:
		return e.text(x)
	case []any:
		out := make([]any, 0, len(x))
		for i, v := range x {
			if v = e.in(strconv.Itoa(i)).val(v); v != (noValue{}) {
				out = append(out, v)
			}
		}
		return out
	case map[string]any:
		if len(x) == 1 {
			for name, arg := range x {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") && !strings.HasPrefix(name, "Fn::ForEach") {
					return e.call(name, arg)
				}
			}
		}
		members, _, complete := e.expand(x, nil)
		if !complete { // it has been told why
			s := Symbol{Expression: "an object made by Fn::Transform or Fn::ForEach", Stack: e.st.Name, Why: "a part of it is not here"}
			return &Unknown{Symbol: e.app.register(s, "object", e.st.identity, render(e.app, x, true))}
		}
		out := make(map[string]any, len(members))
		for _, k := range slices.Sorted(maps.Keys(members)) {
			if v := e.in(k).val(members[k]); v != (noValue{}) {
				out[k] = v
			}
		}
		return out
	}
	return v
}

// call evaluates an intrinsic function
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
func (e scope) call(name string, arg any) any {
	name = strings.TrimPrefix(name, "Fn::")
	e.function = name
	args, _ := arg.([]any)
	if n, ok := map[string]int{"Join": 2, "Select": 2, "Split": 2, "If": 3}[name]; ok && len(args) != n {
		return e.malformed(fmt.Sprintf("Fn::%s needs a list of %d values", name, n), arg)
	}
	switch name {
	case "Ref":
		id, _ := arg.(string)
		return e.ref(id)
	case "GetAtt":
		if s, ok := arg.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			args = []any{id, attribute}
		}
		if len(args) != 2 {
			return e.malformed("Fn::GetAtt needs a resource and an attribute", arg)
		}
		id, _ := e.asText(e.val(args[0]))
		attribute, _ := e.asText(e.val(args[1]))
		return e.getAtt(id, attribute)
	case "Sub":
		return e.sub(arg)
	case "If":
		condition, _ := args[0].(string)
		if e.branch(condition) {
			return e.val(args[1])
		}
		return e.val(args[2])
	case "FindInMap":
		return e.findInMap(args)
	case "ImportValue":
		text, ok := e.asText(e.val(arg))
		if !ok {
			return e.malformed("Fn::ImportValue needs a name", arg)
		}
		why := "no stack here exports it"
		if x := e.app.exports[e.place()+text]; x != nil {
			if v, ok := x.imported(); ok {
				return v
			}
			why = "the stacks " + x.stacks() + " export it"
			e.tell(Elsewhere, "which value Fn::ImportValue of "+e.app.expression(text)+" gives is not known: "+why)
		}
		return e.symbol(Symbol{Expression: "import " + e.app.expression(text), Why: why}, "import", text)
	case "Transform":
		return e.transform(arg)
	case "Join":
		separator, ok := args[0].(string)
		if !ok {
			return e.malformed("Fn::Join needs a text as its delimiter", arg)
		}
		items := e.val(args[1])
		elements, ok := items.([]any)
		if !ok {
			// Text, though perhaps of several values.
			if u, ok := e.derive(name, true, args[0], items).(*Unknown); ok {
				return u.Symbol.host()
			}
			elements = e.derive(name, true, args[0], items).([]any)
			separator = ","
		}
		var b strings.Builder
		for i, x := range elements {
			if i > 0 {
				b.WriteString(separator)
			}
			s, ok := e.asText(x)
			if !ok || b.Len()+len(s) > maxText {
				return e.malformed("Fn::Join of what is not text, or is too long", arg)
			}
			b.WriteString(s)
		}
		return e.text(b.String())
	case "Split":
		separator, _ := args[0].(string)
		text, ok := e.asText(e.val(args[1]))
		if !ok || separator == "" {
			return e.malformed("Fn::Split needs a delimiter and a text", arg)
		}
		return e.split(text, separator, false)
	case "Select":
		items, index := e.val(args[1]), e.val(args[0])
		text, _ := e.asText(index)
		i, err := strconv.Atoi(text)
		known, ok := items.([]any)
		if u, unknown := items.(*Unknown); unknown {
			known = u.known
		}
		switch {
		case err == nil && i >= 0 && i < len(known):
			return known[i]
		case !ok && (e.app.SymbolOf(items) != nil) || standIns.MatchString(text):
			if err == nil {
				index = json.Number(strconv.Itoa(i))
			}
			return e.derive(name, false, index, items)
		}
		return e.malformed("Fn::Select: there is no element "+text+" in the list", arg)
	case "Base64":
		v := e.val(arg)
		text, ok := e.asText(v)
		if !ok || standIns.MatchString(text) {
			return e.derive(name, false, v)
		}
		return base64.StdEncoding.EncodeToString([]byte(text))
	case "Length":
		v := e.val(arg)
		if items, ok := v.([]any); ok {
			return json.Number(strconv.Itoa(len(items)))
		}
		return e.derive(name, false, v)
	case "ToJsonString":
		v := e.val(arg)
		if slices.ContainsFunc(e.app.Symbols(v), func(s *Symbol) bool { return s.List }) || hasUnknown(v) {
			return e.derive(name, false, v)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil || b.Len() > maxText {
			return e.malformed("Fn::ToJsonString of what is too long", "...")
		}
		return strings.TrimSuffix(b.String(), "\n")
	case "GetAZs", "Cidr":
		e.strict = true
		return e.derive(name, true, list(e.val(arg))...)
	}
	return e.unknown(Unsupported, "the intrinsic function Fn::"+name+" is not evaluated here", name+"("+render(e.app, arg, false)+")")
}

// hasUnknown reports whether a value has an [*Unknown] in it.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case *Unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, hasUnknown)
	case map[string]any:
		for _, x := range v {
			if hasUnknown(x) {
				return true
			}
		}
	}
	return false
}

// asText makes text of a scalar, or of what stands for one. It returns false for a list
// or an object.
func (e scope) asText(v any) (string, bool) {
	switch v := v.(type) {
	case nil, noValue:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case *Unknown:
		return v.Symbol.host(), true
	}
	return "", false
}

var dynamic = regexp.MustCompile(`\{\{resolve:([^{}]*)\}\}`)

// text puts symbols instead of dynamic references
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html).
func (e scope) text(s string) string {
	e.app.steps += len(s) / 16
	if !strings.Contains(s, "{{resolve:") {
		return s
	}
	return dynamic.ReplaceAllStringFunc(s, func(ref string) string {
		inner := dynamic.FindStringSubmatch(ref)[1]
		if name, ok := strings.CutPrefix(inner, "ssm:"); ok && !strings.Contains(name, ":") {
			text, _ := e.asText(e.ssm(name, false))
			return text
		}
		text, _ := e.asText(e.symbol(Symbol{Expression: "{{resolve:" + e.app.expression(inner) + "}}", Why: "a dynamic reference is resolved at deployment"}, "resolve", inner))
		return text
	})
}

// ssm is the value of a parameter of the Parameter Store.
func (e scope) ssm(name string, list bool) any {
	return e.symbol(Symbol{Expression: "ssm:" + e.app.expression(name), List: list, Why: "the Parameter Store has it"}, "ssm", name)
}

// split splits text. Where a symbol begins, what follows is not known.
func (e scope) split(text, separator string, trim bool) any {
	at := standIns.FindStringIndex(text)
	var out []any
	for _, part := range strings.Split(text, separator) {
		if trim {
			part = strings.TrimSpace(part)
		}
		out = append(out, part)
	}
	if at == nil {
		return out
	}
	v := e.derive("Split", true, separator, text)
	if u, ok := v.(*Unknown); ok {
		return &Unknown{Symbol: u.Symbol, known: out[:strings.Count(text[:at[0]], separator)]}
	}
	return v
}

// pseudo is a pseudo parameter, nil if there is none of the name.
func (e scope) pseudo(name string) any {
	top := e.st
	for top.Parent != nil {
		top = top.Parent
	}
	place := func(known, assumed string) any {
		s := Symbol{Expression: name, Stack: top.Name, Why: "where the stack is deployed is not known"}
		if known != "" {
			return known
		}
		if e.strict {
			return e.symbol(s, "pseudo", top.identity, name)
		}
		if v, ok := e.given(s, "pseudo", top.identity, name); ok {
			return v
		}
		return assumed
	}
	partition, suffix := "", ""
	if e.st.Region != "" {
		partition, suffix = "aws", "amazonaws.com"
		if strings.HasPrefix(e.st.Region, "cn-") {
			partition, suffix = "aws-cn", "amazonaws.com.cn"
		} else if strings.HasPrefix(e.st.Region, "us-gov-") {
			partition = "aws-us-gov"
		}
	}
	switch name {
	case "AWS::NoValue":
		return noValue{}
	case "AWS::Region":
		return place(e.st.Region, "us-east-1")
	case "AWS::AccountId":
		return place(e.st.Account, "111111111111")
	case "AWS::Partition":
		return place(partition, "aws")
	case "AWS::URLSuffix":
		return place(suffix, "amazonaws.com")
	case "AWS::StackName":
		if e.st.root.name != "" {
			return e.st.root.name
		}
		fallthrough
	case "AWS::StackId", "AWS::NotificationARNs":
		return e.symbol(Symbol{Expression: name, Stack: e.st.Name, List: name == "AWS::NotificationARNs", Why: "the deployment gives it"}, "pseudo", e.st.identity, name)
	}
	return nil
}

// ref is Ref.
func (e scope) ref(name string) any {
	if v := e.pseudo(name); v != nil {
		return v
	}
	if v, ok := e.resource(name, ""); ok {
		return v
	}
	if declared, ok := e.st.sections["Parameters"][name].(map[string]any); ok {
		return e.st.parameter(name, declared, e.strict)
	}
	return e.unknown(Dangling, "a Ref names "+name+", which the template does not have", name)
}

// getAtt is Fn::GetAtt.
func (e scope) getAtt(id, attribute string) any {
	if child := e.st.children[id]; child != nil {
		if name, ok := strings.CutPrefix(attribute, "Outputs."); ok {
			e.edge(id)
			if _, ok := child.sections["Outputs"][name]; ok {
				return child.output(name)
			}
			return e.unknown(Dangling, "an Fn::GetAtt names "+name+", an output that "+child.Name+" does not have", id+"."+attribute)
		}
	}
	if v, ok := e.resource(id, attribute); ok {
		return v
	}
	return e.unknown(Dangling, "an Fn::GetAtt names "+id+", which the template does not have", id+"."+attribute)
}

// same are the Refs and attributes that are what a property says.
var same = map[string]string{"AWS::S3::Bucket": "BucketName", "AWS::SSM::Parameter.Value": "Value"}

// resource returns the value of Ref or of an attribute of a resource. It returns false if there
// is no such resource.
func (e scope) resource(id, attribute string) (any, bool) {
	r := e.st.byID[id]
	name := id
	if attribute != "" {
		name += "." + attribute
	}
	s := Symbol{Expression: name, Stack: e.st.Name, Resource: r, Attribute: attribute, Why: "the deployment gives it"}
	if r == nil {
		if !e.st.left[id] {
			return nil, false
		}
		e.tell(Malformed, name+" is of a resource that its condition leaves out")
		s.Why = "its condition leaves the resource out"
	} else {
		e.edge(id)
		typ := r.Type
		if attribute != "" {
			typ += "." + attribute
		}
		if raw, ok := r.Raw[same[typ]]; ok {
			v := (scope{app: e.app, st: e.st, id: id}).once(e.st.outputs, "\x00"+name, name, func() any { return scope{app: e.app, st: e.st, id: id}.val(raw) })
			if text, ok := v.(string); ok && text != "" {
				return text, true
			}
		}
	}
	return e.symbol(s, "resource", e.st.identity, name), true
}

var variable = regexp.MustCompile(`\$\{([^{}]*)\}`)

// sub is Fn::Sub.
func (e scope) sub(arg any) any {
	text, ok := arg.(string)
	vars := map[string]any{}
	if a, is := arg.([]any); is && len(a) == 2 {
		text, ok = a[0].(string)
		vars, _ = a[1].(map[string]any)
	}
	if !ok {
		return e.malformed("Fn::Sub needs a text, or a text and an object of variables", arg)
	}
	var b strings.Builder
	values := map[string]any{}
	last := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[last:m[0]])
		last = m[1]
		name := strings.TrimSpace(text[m[2]:m[3]])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			b.WriteString("${" + literal + "}")
			continue
		}
		v, ok := values[name]
		if ok {
		} else if x, ok := vars[name]; ok {
			v = e.val(x)
		} else if id, attribute, ok := strings.Cut(name, "."); ok {
			v = e.getAtt(id, attribute)
		} else {
			v = e.ref(name)
		}
		values[name] = v
		s, ok := e.asText(v)
		if !ok || b.Len()+len(s) > maxText {
			return e.malformed("Fn::Sub: ${"+name+"} is not text, or is too long", arg)
		}
		b.WriteString(s)
	}
	b.WriteString(text[last:])
	return e.text(b.String())
}

// findInMap is Fn::FindInMap, with a DefaultValue as AWS::LanguageExtensions has it. If
// a key is not known, the value is not, unless it is the same for every key.
func (e scope) findInMap(args []any) any {
	var fallback map[string]any
	if len(args) == 4 {
		fallback, _ = args[3].(map[string]any)
	}
	if len(args) < 3 || len(args) > 4 || len(args) == 4 && fallback == nil {
		return e.malformed("Fn::FindInMap needs the name of a mapping and two keys", args)
	}
	strict := e
	strict.strict = true
	keys := make([]any, 3)
	candidates, missing := []any{map[string]any(e.st.sections["Mappings"])}, ""
	for i, key := range args[:3] {
		keys[i] = strict.val(key)
		name, ok := e.asText(keys[i])
		if !ok {
			return e.malformed("Fn::FindInMap: a key that is not text", args)
		}
		var next []any
		for _, c := range candidates {
			table, _ := c.(map[string]any)
			if standIns.MatchString(name) {
				for _, k := range slices.Sorted(maps.Keys(table)) {
					next = append(next, table[k])
				}
			} else if v, ok := table[name]; ok {
				next = append(next, v)
			} else {
				missing = name
			}
		}
		candidates = next
		e.app.steps += len(next)
	}
	if fallback != nil && (missing != "" || hasSymbol(keys)) {
		candidates = append(candidates, fallback["DefaultValue"])
	}
	if len(candidates) == 0 {
		return e.malformed("Fn::FindInMap: the template's Mappings have no "+missing, args)
	}
	first := render(e.app, candidates[0], true)
	if !slices.ContainsFunc(candidates, func(c any) bool { return render(e.app, c, true) != first }) {
		return e.val(candidates[0])
	}
	_, isList := candidates[0].([]any)
	e.lookup(keys, fallback != nil)
	s := Symbol{Expression: "FindInMap(" + renderAll(e.app, keys, false) + ")", Stack: e.st.Name, List: isList, Why: "the key is not known"}
	return e.symbol(s, "map", e.st.identity, renderAll(e.app, keys, true), renderAll(e.app, candidates, true))
}

// lookup notes a lookup by the first key that is not known.
func (e scope) lookup(keys []any, fallback bool) {
	table := map[string]any(e.st.sections["Mappings"])
	for _, key := range keys {
		name, _ := key.(string)
		s := e.app.SymbolOf(key)
		if s == nil {
			if table, _ = table[name].(map[string]any); table == nil {
				return
			}
			continue
		}
		at := slices.IndexFunc(e.app.lookups, func(l *Lookup) bool { return l.Symbol == s })
		if at < 0 {
			at = len(e.app.lookups)
			e.app.lookups = append(e.app.lookups, &Lookup{Symbol: s})
		}
		l := e.app.lookups[at]
		l.Keys, l.Default = union(l.Keys, slices.Sorted(maps.Keys(table))), l.Default || fallback
		l.Touches = append(l.Touches, e.touch())
		return
	}
}

func hasSymbol(texts []any) bool {
	return slices.ContainsFunc(texts, func(v any) bool { s, _ := v.(string); return standIns.MatchString(s) })
}

// transform is Fn::Transform: AWS::Include of a local file.
func (e scope) transform(arg any) any {
	m, _ := arg.(map[string]any)
	name, _ := m["Name"].(string)
	parameters, _ := m["Parameters"].(map[string]any)
	if name != "AWS::Include" {
		s := e.app.register(Symbol{Expression: "Transform(" + name + ")", Stack: e.st.Name, Why: "the macro " + name + " is not run here"}, "unknown", e.st.identity, "Transform("+name+")")
		e.app.problem(Problem{File: e.st.File, Line: e.st.file.line(e.id), Stack: e.st.Name, LogicalID: e.id, Text: s.Why, Kind: Elsewhere, Anything: true})
		return &Unknown{Symbol: s}
	}
	location, _ := e.asText(e.val(parameters["Location"]))
	if !isLocal(location) || standIns.MatchString(location) {
		return e.unknown(Elsewhere, "AWS::Include of "+e.app.expression(location)+", which is not here", "AWS::Include "+e.app.expression(location))
	}
	v, err := e.app.files.include(e.st.file.beside(location))
	if e.includes++; e.includes > 8 {
		err = fmt.Errorf("files include each other, or too many")
	}
	if err != nil {
		return e.unknown(Elsewhere, "AWS::Include of "+location+": "+err.Error(), "AWS::Include "+location)
	}
	return e.val(v)
}

// expand puts what Fn::ForEach and, beside other members, Fn::Transform make of an
// object in their place. It returns false if something is not known.
func (e scope) expand(m map[string]any, order []string) (members map[string]any, names []string, complete bool) {
	isFunction := func(k string) bool { return strings.HasPrefix(k, "Fn::ForEach::") || k == "Fn::Transform" }
	if order == nil {
		order = slices.Sorted(maps.Keys(m))
	}
	if !slices.ContainsFunc(order, isFunction) {
		return m, order, true
	}
	members, complete = map[string]any{}, true
	add := func(m map[string]any, order []string) {
		for _, k := range order {
			if _, has := members[k]; !has {
				names = append(names, k)
			}
			members[k] = m[k]
		}
	}
	for _, k := range order {
		switch {
		case k == "Fn::Transform":
			v, ok := e.transform(m[k]).(map[string]any)
			complete = complete && ok
			add(v, slices.Sorted(maps.Keys(v)))
		case isFunction(k):
			complete = e.forEach(k, m[k], add) && complete
		default:
			add(m, []string{k})
		}
	}
	return members, names, complete
}

// forEach is Fn::ForEach
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html).
func (e scope) forEach(key string, arg any, add func(map[string]any, []string)) (complete bool) {
	args, _ := arg.([]any)
	if len(args) != 3 {
		e.tell(Malformed, key+" needs a name, a list and an object")
		return false
	}
	name, _ := args[0].(string)
	items, complete := e.val(args[1]).([]any)
	if complete = complete && !hasSymbol(items); !complete {
		if e.id == "" {
			e.id = key
		}
		e.tell(Elsewhere, key+": the list is not known here, so what it makes is not looked at")
		return false
	}
	for _, item := range items {
		text, _ := e.asText(item)
		if e.app.steps > maxSteps {
			return false
		}
		made, _ := e.app.substitute(args[2], name, text).(map[string]any)
		made, order, ok := e.expand(made, nil)
		complete = complete && ok
		e.app.steps += 10 * len(made)
		add(made, order)
	}
	return complete
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// substitute puts a text instead of a loop's variable.
func (a *App) substitute(v any, name, text string) any {
	a.steps++
	replace := func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "${"+name+"}", text), "&{"+name+"}", notName.ReplaceAllString(text, ""))
	}
	switch v := v.(type) {
	case string:
		return replace(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = a.substitute(x, name, text)
		}
		return out
	case map[string]any:
		if len(v) == 1 && v["Ref"] == name {
			return text
		}
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[replace(k)] = a.substitute(x, name, text)
		}
		return out
	}
	return v
}
