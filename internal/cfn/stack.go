package cfn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	maxStacks = 2000
	// maxSteps and maxText bound what functions that multiply can make of a small template.
	maxSteps = 3_000_000
	maxText  = 4 << 20
	// maxDepth bounds how deep values hang on each other, through conditions, parameters,
	// outputs and exports, too.
	maxDepth = 5 * MaxDepth
)

// evaluation is what an [App] knows beside its stacks.
type evaluation struct {
	files *files
	roots []root
	given []Problem // of opening the files
	opts  Options

	symbols     map[string]*Symbol // by the digest
	order       []*Symbol          // as they came up
	labels      map[string]*Symbol // what Read takes
	exports     map[string]*export
	assumed     map[string]bool        // sides of Fn::Equals, by what is compared
	comparisons map[string]*Comparison // by what is compared
	lookups     []*Lookup
	open        []*decision // the undecided conditions that something hangs on
	owned       map[*Resource][]*Resource
	told        map[Problem]bool
	used        map[string]bool // the keys of Values that a symbol has
	steps       int
	depth       int
	tooLarge    bool
}

// instance is what a [Stack] knows beside its resources.
type instance struct {
	app        *App
	file       *file
	root       root
	identity   string
	depth      int
	sections   map[string]map[string]any // Parameters, Conditions, Mappings, Outputs
	all        map[string]any            // the resources as written
	byID       map[string]*Resource
	left       map[string]bool // resources that are left out by their condition
	children   map[string]*Stack
	parameters map[string]any
	outputs    map[string]any
	decisions  map[string]*decision
	edges      map[string]map[string]bool // which resource refers to which
	busy       map[string]bool
}

// An export is an output that other stacks can import.
type export struct {
	stack  *Stack
	output string
	also   *export // of the same name, of another stack
}

// evaluate makes an app of what was opened.
func evaluate(f *files, roots []root, given []Problem, opts Options) *App {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := &App{Problems: slices.Clone(given), evaluation: evaluation{files: f, roots: roots, given: given, opts: opts,
		symbols: map[string]*Symbol{}, labels: map[string]*Symbol{}, exports: map[string]*export{}, assumed: map[string]bool{}, comparisons: map[string]*Comparison{},
		owned: map[*Resource][]*Resource{}, told: map[Problem]bool{}, used: map[string]bool{}}}
	var tops []*Stack
	for _, r := range roots {
		name := cmp.Or(r.name, stackName(r.file.path))
		if r.region != "" && slices.ContainsFunc(tops, func(s *Stack) bool { return s.Name == name }) {
			name += " (" + r.region + ")"
		}
		st := &Stack{Name: name, Region: cmp.Or(r.region, opts.Region), Account: cmp.Or(r.account, opts.Account),
			instance: instance{root: r, identity: r.identity, file: r.file}}
		a.instantiate(st)
		tops = append(tops, st)
	}
	// What nested stacks have may hang on what others export.
	for _, st := range tops {
		a.add(st)
	}
	for _, st := range a.Stacks {
		for _, r := range st.Resources {
			r.resolve()
		}
	}
	for _, st := range a.Stacks {
		st.circles()
	}
	a.label()
	a.sortOpen()
	for _, r := range a.all() {
		id := r.Properties["RestApiId"]
		if strings.HasPrefix(r.Type, "AWS::ApiGatewayV2::") {
			id = r.Properties["ApiId"]
		}
		if api := a.Target(id); api != nil {
			a.owned[api] = append(a.owned[api], r)
		}
	}
	slices.SortStableFunc(a.Problems, func(x, y Problem) int {
		return cmp.Or(strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), strings.Compare(x.LogicalID, y.LogicalID), strings.Compare(x.Text, y.Text))
	})
	return a
}

// With returns the same files under other values. Those of opts count before the
// app's own. Nothing is parsed again.
func (a *App) With(opts Options) *App {
	o := a.opts
	return evaluate(a.files, a.roots, a.given, Options{Parameters: over(o.Parameters, opts.Parameters), Open: slices.Concat(o.Open, opts.Open), Values: over(o.Values, opts.Values),
		Conditions: over(o.Conditions, opts.Conditions), IDs: over(o.IDs, opts.IDs), Equal: over(o.Equal, opts.Equal), Metadata: over(o.Metadata, opts.Metadata),
		Region: cmp.Or(opts.Region, o.Region), Account: cmp.Or(opts.Account, o.Account)})
}

// over returns both, those of the second before those of the first.
func over[V any](base, over map[string]V) map[string]V {
	out := map[string]V{}
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// problem notes something that was not understood, once.
func (a *App) problem(p Problem) {
	if !a.told[p] {
		a.told[p] = true
		a.Problems = append(a.Problems, p)
	}
}

// all returns the resources of all stacks.
func (a *App) all() []*Resource {
	var out []*Resource
	for _, st := range a.Stacks {
		out = append(out, st.Resources...)
	}
	return out
}

// add adds a stack with those that are nested in it.
func (a *App) add(st *Stack) {
	a.Stacks = append(a.Stacks, st)
	for _, r := range st.Resources {
		if isNested(r.Type) {
			a.nest(st, r)
		}
	}
}

// instantiate reads a stack, without the properties of its resources, and what it
// exports.
func (a *App) instantiate(st *Stack) {
	st.app, st.File = a, st.file.path
	st.byID, st.left, st.children = map[string]*Resource{}, map[string]bool{}, map[string]*Stack{}
	st.parameters, st.outputs, st.decisions = map[string]any{}, map[string]any{}, map[string]*decision{}
	st.edges, st.busy, st.sections = map[string]map[string]bool{}, map[string]bool{}, map[string]map[string]any{}
	st.file = st.transform()
	st.Raw = st.file.root
	for _, p := range st.file.problems {
		p.File, p.Stack = st.File, st.Name
		if p.Line == 0 && p.LogicalID != "" {
			p.Line = st.file.line(p.LogicalID)
		}
		a.problem(p)
	}
	top := scope{app: a, st: st}
	for _, name := range []string{"Parameters", "Mappings"} {
		st.sections[name], _ = st.Raw[name].(map[string]any)
	}
	for _, name := range []string{"Conditions", "Outputs"} {
		section, _ := st.Raw[name].(map[string]any)
		st.sections[name], _, _ = top.expand(section, nil)
	}
	for _, name := range slices.Sorted(maps.Keys(a.opts.Conditions)) {
		st.assume(name, a.opts.Conditions[name])
	}
	var order []string
	st.all, order, _ = top.expand(st.Raw["Resources"].(map[string]any), st.file.order)
	for _, id := range order {
		raw, ok := st.all[id].(map[string]any)
		if !ok {
			scope{app: a, st: st, id: id}.tell(Malformed, "the resource is not an object")
			continue
		}
		r := &Resource{Stack: st, ID: id, Line: st.file.line(id), Cause: st.file.causes[id]}
		if r.Type, ok = raw["Type"].(string); !ok {
			scope{app: a, st: st, id: id}.tell(Elsewhere, "its Type is not a text, so what it is is not known")
		}
		if r.Raw, ok = raw["Properties"].(map[string]any); !ok && raw["Properties"] != nil {
			scope{app: a, st: st, id: id}.tell(Malformed, "Properties is not an object")
		}
		r.Metadata, _ = raw["Metadata"].(map[string]any)
		for _, name := range []string{id, st.Name + "/" + id} {
			if more := a.opts.Metadata[name]; more != nil {
				r.Metadata = over(more, r.Metadata)
			}
		}
		r.Condition, _ = raw["Condition"].(string)
		for _, d := range list(raw["DependsOn"]) {
			if s, ok := d.(string); ok {
				r.DependsOn = append(r.DependsOn, s)
			}
		}
		if r.Condition != "" && r.Type != "AWS::CDK::Metadata" && !(scope{app: a, st: st, id: id}).branch(r.Condition) {
			st.left[id] = true
			continue
		}
		st.Resources = append(st.Resources, r)
		st.byID[id] = r
	}
	st.export()
}

// nest adds the stack that a resource is.
func (a *App) nest(st *Stack, r *Resource) {
	e := scope{app: a, st: st, id: r.ID}
	path, why := a.files.nested(st.file, st.all[r.ID])
	if path == "" {
		e.tell(Elsewhere, why)
		return
	}
	for s := st; s != nil; s = s.Parent {
		if s.File == path {
			e.tell(Elsewhere, path+" nests itself")
			return
		}
	}
	if len(a.Stacks) >= maxStacks || st.depth > 50 {
		e.tell(Elsewhere, "too many nested stacks: those from here on are not read")
		return
	}
	f := a.files.template(path, false)
	if f.err != nil {
		e.tell(Elsewhere, "the template of this nested stack, "+path+", cannot be read: "+f.err.Text)
		return
	}
	child := &Stack{Name: st.Name + "/" + r.ID, Region: st.Region, Account: st.Account, Parent: st, ID: r.ID,
		instance: instance{root: st.root, identity: st.identity + "/" + r.ID, file: f, depth: st.depth + 1}}
	child.root.name = ""
	st.children[r.ID] = child
	a.instantiate(child)
	a.add(child)
}

// resolve evaluates the properties.
func (r *Resource) resolve() {
	e := scope{app: r.Stack.app, st: r.Stack, id: r.ID}
	for _, d := range r.DependsOn {
		e.edge(d)
	}
	switch v := e.val(r.Raw).(type) {
	case map[string]any:
		r.Properties, _ = e.app.finish(v, "").(map[string]any)
	case *Unknown: // that has been told
	default:
		e.tell(Elsewhere, "its Properties are "+render(e.app, v, false)+", which is not known")
	}
}

// export lists what the stack exports. Where the stack's name is not known its
// file's name counts, too.
func (st *Stack) export() {
	for _, output := range slices.Sorted(maps.Keys(st.sections["Outputs"])) {
		declared, _ := st.sections["Outputs"][output].(map[string]any)
		exported, _ := declared["Export"].(map[string]any)
		e := scope{app: st.app, st: st, id: "Outputs." + output}
		if c, ok := declared["Condition"].(string); exported == nil || ok && !e.branch(c) {
			continue
		}
		name, _ := e.asText(e.val(exported["Name"]))
		names := []string{name}
		if own, ok := e.pseudo("AWS::StackName").(string); ok {
			names = append(names, strings.ReplaceAll(name, own, st.Name))
		}
		for _, name := range names {
			key := e.place() + name
			if known := st.app.exports[key]; name != "" && (known == nil || known.stack != st) {
				st.app.exports[key] = &export{st, output, known}
			}
		}
	}
}

// imported returns the value of an export, and false if stacks export several of its name.
func (x *export) imported() (value any, ok bool) {
	value = x.stack.output(x.output)
	for o := x.also; o != nil; o = o.also {
		if Canonical(o.stack.output(o.output)) != Canonical(value) {
			return nil, false
		}
	}
	return value, true
}

// stacks names those that export, in the order in which they were read.
func (x *export) stacks() string {
	if x.also == nil {
		return x.stack.Name
	}
	return x.also.stacks() + " and " + x.stack.Name
}

// An Exported is an output that other stacks can import.
type Exported struct {
	Stack *Stack
	Name  string // the output's
	Value any
}

// Exported returns the outputs that stacks export, in order.
func (a *App) Exported() []Exported {
	a.files.mu.Lock()
	defer a.files.mu.Unlock()
	var out []Exported
	for _, st := range a.Stacks {
		for _, name := range slices.Sorted(maps.Keys(st.sections["Outputs"])) {
			if o, _ := st.sections["Outputs"][name].(map[string]any); o["Export"] != nil {
				out = append(out, Exported{st, name, st.output(name)})
			}
		}
	}
	return out
}

// place is where the stack is, which is where its exports are known.
func (e scope) place() string { return e.st.Region + "/" + e.st.Account + "/" }

// once evaluates something that may depend on itself.
func (e scope) once(memo map[string]any, key, what string, f func() any) any {
	if v, ok := memo[key]; ok {
		return v
	}
	if e.st.busy[what] {
		return e.unknown(Malformed, what+" depends on itself", what)
	}
	e.st.busy[what] = true
	v := f()
	delete(e.st.busy, what)
	memo[key] = v
	return v
}

// output returns the value of an output.
func (st *Stack) output(name string) any {
	e := scope{app: st.app, st: st, id: "Outputs." + name}
	return e.once(st.outputs, name, "the output "+name, func() any {
		output, _ := st.sections["Outputs"][name].(map[string]any)
		if c, ok := output["Condition"].(string); ok && !e.branch(c) {
			return e.unknown(Dangling, "the output is left out by its condition "+c, "Outputs."+name)
		}
		return e.val(output["Value"])
	})
}

// parameter returns the value of a parameter: what was given, what the parent passes,
// the default, or a symbol.
func (st *Stack) parameter(name string, declared map[string]any, strict bool) any {
	e := scope{app: st.app, st: st, strict: strict}
	return e.once(st.parameters, fmt.Sprint(name, strict), "the parameter "+name, func() any {
		typ, _ := declared["Type"].(string)
		ssm := strings.HasPrefix(typ, "AWS::SSM::Parameter::Value<")
		isList := strings.Contains(typ, "List<") || strings.Contains(typ, "CommaDelimitedList")
		var v any
		if given, ok := st.app.opts.Parameters[st.Name+"."+name]; ok {
			v = e.text(given)
		} else if passed, ok := st.passed(name, strict); ok {
			v = passed
		} else if given, ok := st.app.opts.Parameters[name]; ok {
			v = e.text(given)
		} else if given, ok := st.root.parameters[name]; ok && st.Parent == nil {
			v = e.text(given)
		} else if v = e.val(declared["Default"]); v == nil || slices.Contains(st.app.opts.Open, name) {
			return e.symbol(Symbol{Expression: name, Stack: st.Name, List: isList, Why: "the parameter has no value here"}, "parameter", st.identity, name)
		}
		text, _ := v.(string)
		switch {
		case ssm:
			if text, ok := e.asText(v); ok {
				return e.ssm(text, isList)
			}
		case isList && text != "":
			return e.split(text, ",", true)
		case isList && v == "":
			return []any{}
		}
		return v
	})
}

// passed returns what the parent passes for a parameter.
func (st *Stack) passed(name string, strict bool) (any, bool) {
	if st.Parent == nil {
		return nil, false
	}
	e := scope{app: st.app, st: st.Parent, id: st.ID, strict: strict}
	all := st.Parent.byID[st.ID].Raw["Parameters"]
	if isFunction(all) { // which of them are passed hangs on it
		all = e.val(all)
		if u, unknown := all.(*Unknown); unknown {
			return e.derive("the parameter "+name+" of", false, u), true
		}
	}
	raw, ok := object(all)[name]
	if !ok {
		return nil, false
	}
	v := e.val(raw)
	if _, none := v.(noValue); none {
		return nil, false
	}
	return v, true
}

// circles reports resources that depend on each other in a circle, which
// CloudFormation refuses.
func (st *Stack) circles() {
	state := map[string]int{} // 1: on the path, 2: done
	var path []string
	var visit func(id string)
	visit = func(id string) {
		state[id] = 1
		path = append(path, id)
		for _, next := range slices.Sorted(maps.Keys(st.edges[id])) {
			switch {
			case st.byID[next] == nil || next == id:
			case state[next] == 0:
				visit(next)
			case state[next] == 1:
				circle := append(slices.Clone(path[slices.Index(path, next):]), next)
				at := next
				if i := slices.IndexFunc(circle, func(id string) bool { return strings.HasPrefix(st.byID[id].Type, "AWS::ApiGateway::") }); i >= 0 {
					at = circle[i] // who looks at REST APIs wants to know of it
				}
				e := scope{app: st.app, st: st, id: at}
				e.app.problem(Problem{File: st.File, Line: e.line(), Stack: st.Name, LogicalID: at, Kind: Malformed, Circle: true,
					Text: "circular dependency, which CloudFormation refuses: " + strings.Join(circle, ", ")})
			}
		}
		path = path[:len(path)-1]
		state[id] = 2
	}
	for _, r := range st.Resources {
		if state[r.ID] == 0 {
			visit(r.ID)
		}
	}
}

// OfType returns the resources of a type, in order.
func (a *App) OfType(typ string) []*Resource {
	return slices.DeleteFunc(a.all(), func(r *Resource) bool { return r.Type != typ })
}

// RestAPIs returns the resources of the type AWS::ApiGateway::RestApi.
func (a *App) RestAPIs() []*Resource { return a.OfType("AWS::ApiGateway::RestApi") }

// Of returns the resources of a type that belong to an API, in whatever stack: their
// RestApiId, or the ApiId of an HTTP API's, leads to it.
func (a *App) Of(api *Resource, typ string) []*Resource {
	return slices.DeleteFunc(slices.Clone(a.owned[api]), func(r *Resource) bool { return r.Type != typ })
}
