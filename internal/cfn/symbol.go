package cfn

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// standIns matches the stand-ins of symbols: that of a host or any other text, and that
// of a whole origin. Lower-case letters, digits, "-" and "." alone go wherever an
// origin goes.
var standIns = regexp.MustCompile(`h-([0-9a-f]{20})\.deployed\.invalid|https://o-([0-9a-f]{20})\.deployed\.invalid`)

func (s *Symbol) host() string   { return "h-" + s.id + ".deployed.invalid" }
func (s *Symbol) origin() string { return "https://o-" + s.id + ".deployed.invalid" }

// each calls f with every symbol in a text and the range of its stand-in.
func (a *App) each(text string, f func(s *Symbol, from, to int)) {
	if !strings.Contains(text, ".deployed.invalid") { // as most are, a search less
		return
	}
	for _, m := range standIns.FindAllStringSubmatchIndex(text, -1) {
		id := ""
		if m[2] >= 0 {
			id = text[m[2]:m[3]]
		} else {
			id = text[m[4]:m[5]]
		}
		f(a.symbols[id], m[0], m[1])
	}
}

func digest(identity []string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(identity, "\x00"))))[:20]
}

// register makes a symbol. Those of the same identity are the same.
func (a *App) register(s Symbol, identity ...string) *Symbol {
	s.id = digest(identity)
	if known := a.symbols[s.id]; known != nil {
		return known
	}
	if len(s.Expression) > 300 {
		s.Expression = s.Expression[:300] + "..."
	}
	s.label = s.Expression
	a.symbols[s.id] = &s
	a.order = append(a.order, &s)
	return &s
}

// symbol returns what stands for a symbol: its stand-in, an [*Unknown] for a list, or
// the value that was given for it.
func (e scope) symbol(s Symbol, identity ...string) any {
	if v, ok := e.given(s, identity...); ok {
		if s.List {
			return e.split(v, ",", true)
		}
		return v
	}
	known := e.app.register(s, identity...)
	if s.List {
		return &Unknown{Symbol: known}
	}
	return known.host()
}

// given returns the value that options have for a symbol.
func (e scope) given(s Symbol, identity ...string) (string, bool) {
	if len(e.app.opts.IDs) > 0 {
		if v, ok := e.app.opts.IDs[digest(identity)]; ok {
			return v, true
		}
	}
	for _, key := range []string{s.Stack + "." + s.Expression, s.Expression} {
		if v, ok := e.app.opts.Values[key]; ok {
			e.app.used[key] = true
			return v, true
		}
	}
	return "", false
}

// derive returns the symbol that a function of symbols is.
func (e scope) derive(function string, list bool, args ...any) any {
	why := "it is made of what is not known"
	if symbols := e.app.Symbols(args); len(symbols) > 0 {
		why = symbols[0].Why
	}
	s := Symbol{Expression: function + "(" + renderAll(e.app, args, false) + ")", Stack: e.st.Name, List: list, Why: why}
	return e.symbol(s, "function", e.st.identity, function, renderAll(e.app, args, true))
}

func renderAll(a *App, values []any, identity bool) string {
	var out []string
	for _, v := range values {
		out = append(out, render(a, v, identity))
	}
	return strings.Join(out, ", ")
}

// Canonical writes a resolved value in one line: the same text for the same value, of
// whichever App, symbols by their identity.
func Canonical(v any) string { return render(nil, v, true) }

// render writes a value in one line, symbols as expressions or, for an identity, as
// stand-ins.
func render(a *App, v any, identity bool) string {
	switch v := v.(type) {
	case string:
		if identity {
			return strconv.Quote(v)
		}
		if s := a.SymbolOf(v); s != nil {
			return s.Expression
		}
		return strconv.Quote(a.expression(v))
	case *Unknown:
		if identity {
			return v.Symbol.id
		}
		return v.Symbol.Expression
	case []any:
		return "[" + renderAll(a, v, identity) + "]"
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, strconv.Quote(k)+": "+render(a, v[k], identity))
		}
		return "{" + strings.Join(out, ", ") + "}"
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

// finish puts the stand-ins of whole origins where such are expected, in the values
// of a resource's properties; key is the last member's name.
func (a *App) finish(v any, key string) any {
	switch v := v.(type) {
	case string:
		if plain.MatchString(key) {
			return v
		}
		return a.inPlace(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = a.finish(x, key)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = a.finish(x, k)
		}
		return out
	}
	return v
}

// plain are the names of members whose values are no origins, whatever stands for them.
var plain = regexp.MustCompile(`(Id|Ids|Arn|Arns|Name|Part|Method|Type|Key|Role|Bucket)$`)

// inPlace chooses for each symbol in a text between its two stand-ins.
func (a *App) inPlace(text string) string {
	if !strings.Contains(text, ".deployed.invalid") {
		return text
	}
	var b strings.Builder
	last := 0
	a.each(text, func(s *Symbol, from, to int) {
		b.WriteString(text[last:from])
		last = to
		before := from == 0 || strings.ContainsRune(`'",|=( `+"\t\n", rune(text[from-1]))
		after := to == len(text) || strings.ContainsRune(`'",|) `+"\t\n", rune(text[to]))
		switch {
		case s == nil:
			b.WriteString(text[from:to])
		case before && after && s.mayBeOrigin():
			b.WriteString(s.origin())
		default:
			b.WriteString(s.host())
		}
	})
	return b.String() + text[last:]
}

// mayBeOrigin reports whether the value as a whole can be an origin. Of what a
// resource has, that is an address.
func (s *Symbol) mayBeOrigin() bool {
	if s.Resource == nil {
		return !strings.HasPrefix(s.Expression, "AWS::") && !strings.HasSuffix(s.Expression, "DomainName")
	}
	return s.Free() || strings.HasSuffix(strings.ToLower(s.Attribute), "url") || s.Attribute == "ApiEndpoint" || strings.HasPrefix(s.Attribute, "Outputs.")
}

// Free reports whether the value can be any text: what no resource has, and what a custom resource returns.
func (s *Symbol) Free() bool {
	return s.Resource == nil || s.Attribute != "" && (strings.HasPrefix(s.Resource.Type, "Custom::") || s.Resource.Type == "AWS::CloudFormation::CustomResource")
}

// label sets the name of each symbol that Show prints: its expression, with the stack
// where several stacks have it.
func (a *App) label() {
	count := map[string]int{}
	for _, s := range a.order {
		count[s.Expression]++
	}
	for _, s := range a.order {
		if count[s.Expression] > 1 && s.Stack != "" {
			s.label = s.Stack + "." + s.Expression
		}
		base := s.label
		for n := 2; a.labels[s.label] != nil; n++ {
			s.label = fmt.Sprintf("%s (%d)", base, n)
		}
		a.labels[s.label] = s
	}
	for _, s := range a.order {
		if own := s.Stack + "." + s.Expression; s.Stack != "" && a.labels[own] == nil {
			a.labels[own] = s
		}
	}
}

// Show returns the text with each stand-in replaced by its expression:
// "https://${Distribution.DomainName}".
func (a *App) Show(text string) string {
	return a.show(text, func(s *Symbol) string { return s.label })
}

// HasSymbol reports whether a text has a stand-in in it.
func HasSymbol(text string) bool {
	return strings.Contains(text, ".deployed.invalid") && standIns.MatchString(text)
}

// CountSymbols counts the stand-ins in a text, and what was made of one and is none any more.
func CountSymbols(text string) int { return len(digests.FindAllString(text, -1)) }

var digests = regexp.MustCompile(`[ho]-[0-9a-f]{20}`)

// Torn reports whether a text has a part of a stand-in that is no longer one, and cannot be shown.
func Torn(text string) bool {
	return len(digests.FindAllString(text, -1)) > len(standIns.FindAllString(text, -1))
}

// Show is [App.Show] for texts that may be of any of several Apps.
func Show(text string, apps ...*App) string {
	for _, a := range apps {
		text = a.show(text, nil)
	}
	return text
}

// expression is Show for what is being evaluated.
func (a *App) expression(text string) string {
	return a.show(text, func(s *Symbol) string { return s.Expression })
}

func (a *App) show(text string, name func(*Symbol) string) string {
	if !strings.Contains(text, ".deployed.invalid") {
		return text
	}
	var b strings.Builder
	last := 0
	a.each(text, func(s *Symbol, from, to int) {
		b.WriteString(text[last:from])
		last = to
		switch {
		case s != nil && name != nil:
			b.WriteString("${" + name(s) + "}")
		case s != nil:
			b.WriteString("${" + s.label + "}")
		case name != nil: // of another App
			b.WriteString("${a value that is not known}")
		default:
			b.WriteString(text[from:to])
		}
	})
	return hosts.ReplaceAllStringFunc(b.String()+text[last:], func(host string) string {
		switch s := a.symbols[hosts.FindStringSubmatch(host)[1]]; {
		case s != nil && name != nil:
			return "${the host of " + name(s) + "}"
		case s != nil:
			return "${the host of " + s.label + "}"
		case name == nil: // of another App
			return host
		}
		return "${a value that is not known}"
	})
}

// hosts matches the host of the stand-in of a whole origin, in an origin that was made of it: "http://o-...".
var hosts = regexp.MustCompile(`o-([0-9a-f]{20})\.deployed\.invalid`)

// Read is the opposite of [App.Show]: it puts stand-ins instead of expressions, as
// they would be in a property. The error names the nearest expressions.
func (a *App) Read(text string) (string, error) {
	names := slices.SortedFunc(maps.Keys(a.labels), func(x, y string) int {
		if d := len(y) - len(x); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		b.WriteString(before)
		if !ok {
			return a.inPlace(b.String()), nil
		}
		i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(rest, n+"}") })
		if i < 0 {
			name, _, _ := strings.Cut(rest, "}")
			return "", fmt.Errorf("${%s} is not among the values that are known only at deployment; %s", name, a.nearest(name))
		}
		b.WriteString(a.labels[names[i]].host())
		text = rest[len(names[i])+1:]
	}
}

// nearest names the symbols that a wrong name may mean.
func (a *App) nearest(name string) string {
	var labels []string
	for _, s := range a.order {
		labels = append(labels, s.label)
	}
	if len(labels) == 0 {
		return "there are none"
	}
	return "the nearest are ${" + strings.Join(Nearest(name, labels, 3), "}, ${") + "}"
}

// distance counts the bytes to change, add and remove between two texts, of which the second is a name that the first may
// mean.
func distance(a, b string) int {
	a, b = strings.ToLower(a[:min(len(a), 100)]), strings.ToLower(b[:min(len(b), 100)])
	if a != b && a != "" && strings.HasPrefix(b, a) {
		return 1 // the beginning of a name is nearer to it than what is as short
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Symbols returns the symbols in a resolved value, which may be a list or an object,
// each once, in order.
func (a *App) Symbols(v any) []*Symbol {
	var out []*Symbol
	add := func(s *Symbol) {
		if s != nil && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			a.each(v, func(s *Symbol, _, _ int) { add(s) })
		case *Unknown:
			add(v.Symbol)
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k])
			}
		}
	}
	walk(v)
	return out
}

// SymbolOf returns the symbol that a resolved value is as a whole, or nil.
func (a *App) SymbolOf(v any) *Symbol {
	var found *Symbol
	switch v := v.(type) {
	case string:
		a.each(v, func(s *Symbol, from, to int) {
			if from == 0 && to == len(v) {
				found = s
			}
		})
	case *Unknown:
		found = v.Symbol
	}
	return found
}

// Target returns the resource that a resolved value is the id, the name or the ARN of:
// what a Ref returns, or an Fn::GetAtt of an ...Id or ...Arn, be it through parameters
// of nested stacks, outputs or exports. It returns nil for anything else, a
// RootResourceId among it.
func (a *App) Target(v any) *Resource {
	s := a.SymbolOf(v)
	switch {
	case s == nil, s.Attribute == "RootResourceId", strings.HasPrefix(s.Attribute, "Outputs."):
		return nil
	case s.Attribute == "" || strings.HasSuffix(s.Attribute, "Id") || strings.HasSuffix(s.Attribute, "Arn"):
		return s.Resource
	}
	return nil
}

// Mentioned returns the resources whose Ref or attributes are in a text, each once, in
// order. After an alias or a version of a Lambda function comes the function. A function
// is also found by its own literal name in an ARN.
func (a *App) Mentioned(text string) []*Resource {
	var out []*Resource
	add := func(r *Resource) {
		for ; r != nil && !slices.Contains(out, r); r = a.behind(r) {
			out = append(out, r)
		}
	}
	for _, s := range a.Symbols(text) {
		add(s.Resource)
	}
	if _, rest, ok := strings.Cut(text, ":function:"); ok {
		name, _, _ := strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, ":")
		for _, r := range a.OfType("AWS::Lambda::Function") {
			if name != "" && r.Properties["FunctionName"] == name {
				add(r)
			}
		}
	}
	return out
}

// behind returns the function of an alias or a version, nil for anything else.
func (a *App) behind(r *Resource) *Resource {
	if r.Type != "AWS::Lambda::Alias" && r.Type != "AWS::Lambda::Version" {
		return nil
	}
	name, _ := r.Properties["FunctionName"].(string)
	if f := a.Mentioned(name); len(f) > 0 {
		return f[0]
	}
	for _, f := range a.OfType("AWS::Lambda::Function") {
		if name != "" && f.Properties["FunctionName"] == name {
			return f
		}
	}
	return nil
}

// Unused says which options name nothing: a line each.
func (a *App) Unused() []string {
	var out []string
	say := func(what, name string, known []string) {
		line := "the templates have no " + what + " " + name
		if known = slices.Compact(slices.Sorted(slices.Values(known))); len(known) > 0 {
			line += "; the nearest: " + strings.Join(Nearest(name, known, 3), ", ")
		}
		out = append(out, line)
	}
	sections := func(section string) (known []string) {
		for _, st := range a.Stacks {
			for name := range st.sections[section] {
				known = append(known, name, st.Name+"."+name)
			}
		}
		return known
	}
	parameters, conditions := sections("Parameters"), sections("Conditions")
	for _, name := range slices.Sorted(maps.Keys(a.opts.Parameters)) {
		if !slices.Contains(parameters, name) {
			say("parameter", name, parameters)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.opts.Conditions)) {
		if !slices.Contains(conditions, name) {
			say("condition", name, conditions)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.opts.Values)) {
		switch {
		case a.used[name]:
		case slices.Contains(parameters, name):
			out = append(out, "the parameter "+name+" has a value already, by its default or as it is given; give it as a parameter")
		default:
			var labels []string
			for _, s := range a.order {
				labels = append(labels, s.label)
			}
			say("value to be known at deployment called", name, labels)
		}
	}
	return out
}

// Name returns the logical id of a resource, STACK/ID where several stacks have
// a resource of its type with this id.
func (a *App) Name(r *Resource) string {
	for _, st := range a.Stacks {
		if o := st.byID[r.ID]; o != nil && o != r && o.Type == r.Type {
			return r.Stack.Name + "/" + r.ID
		}
	}
	return r.ID
}

// A StandIn is the place of a symbol in a text.
type StandIn struct {
	Symbol   *Symbol
	From, To int
	// Origin reports whether it stands for a whole origin, and not for a host or any other text.
	Origin bool
}

// StandIns returns the stand-ins in a text, in order.
func (a *App) StandIns(text string) []StandIn {
	var out []StandIn
	a.each(text, func(s *Symbol, from, to int) {
		if s != nil {
			out = append(out, StandIn{s, from, to, strings.HasPrefix(text[from:], "https://")})
		}
	})
	return out
}

// Key is what [Options.Values] takes for the symbol.
func (s *Symbol) Key() string {
	if s.Stack == "" {
		return s.Expression
	}
	return s.Stack + "." + s.Expression
}

// Nearest returns the names that a wrong one may mean, the likeliest first, n at most.
func Nearest(name string, names []string, n int) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(x, y string) int { return distance(name, x) - distance(name, y) })
	return names[:min(n, len(names))]
}
