package cfn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A samSource is a template of SAM before its transform, which takes the values of parameters and comes after loops.
type samSource struct {
	file  file // its root is not transformed
	loops bool // Fn::ForEach makes resources
	made  map[string]*file
}

// keep keeps the source of a template of SAM that depends on values that may be given.
func (f *file) keep() {
	parameters, _ := f.root["Parameters"].(map[string]any)
	loops := slices.ContainsFunc(f.order, func(id string) bool { return strings.HasPrefix(id, "Fn::ForEach::") })
	if !slices.Contains(list(f.root["Transform"]), any(samTransform)) || len(parameters) == 0 && !loops {
		return
	}
	f.sam = &samSource{*f, loops, map[string]*file{}}
	f.sam.file.root, _ = copied(f.root).(map[string]any)
	f.sam.file.order, f.sam.file.problems = slices.Clone(f.order), slices.Clone(f.problems)
}

// transform returns the stack's file, for a template of SAM as the transform makes it under the values that are given for
// parameters.
func (st *Stack) transform() *file {
	source := st.file.sam
	if source == nil {
		return st.file
	}
	values, unknown := st.given(source.file.root)
	if len(values) == 0 && len(unknown) == 0 && !source.loops {
		return st.file
	}
	key := fmt.Sprintf("%q %q", values, unknown) // in the order of the names
	if made := source.made[key]; made != nil {
		return made
	}
	out := source.file
	out.root, _ = copied(source.file.root).(map[string]any)
	out.order, out.problems = slices.Clone(out.order), slices.Clone(out.problems)
	parameters, _ := out.root["Parameters"].(map[string]any)
	for name, value := range values {
		declared, _ := parameters[name].(map[string]any)
		declared["Default"] = value
	}
	for _, name := range unknown {
		declared, _ := parameters[name].(map[string]any)
		delete(declared, "Default")
	}
	if source.loops {
		e := scope{app: st.app, st: st}
		for _, name := range []string{"Parameters", "Mappings"} {
			st.sections[name], _ = out.root[name].(map[string]any)
		}
		out.root["Resources"], out.order, _ = e.expand(out.root["Resources"].(map[string]any), out.order)
		clear(st.parameters)
	}
	out.serverless()
	out.sam = source
	if !source.loops { // those that are not known have to be told again
		source.made[key] = &out
	}
	return &out
}

// given returns the values that are given for the parameters of a template: by options, by the manifest, or by the parent
// as a text or a parameter of its own; unknown are those for which the parent passes what is not known yet.
func (st *Stack) given(root map[string]any) (values map[string]string, unknown []string) {
	values = map[string]string{}
	parameters, _ := root["Parameters"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		declared, _ := parameters[name].(map[string]any)
		if typ, _ := declared["Type"].(string); declared == nil || strings.HasPrefix(typ, "AWS::SSM::") {
			continue
		}
		value, ok := st.app.opts.Parameters[st.Name+"."+name]
		if !ok {
			passed := false
			if value, ok, passed = st.passedText(name); passed && !ok {
				unknown = append(unknown, name)
				continue
			}
		}
		if !ok {
			value, ok = st.app.opts.Parameters[name]
		}
		if !ok && st.Parent == nil {
			value, ok = st.root.parameters[name]
		}
		if ok && value != declared["Default"] {
			values[name] = value
		}
	}
	return values, unknown
}

// passedText returns what the parent passes for a parameter, and whether that can be told before the other nested stacks are
// read; passed says that it passes anything.
func (st *Stack) passedText(name string) (text string, known, passed bool) {
	if st.Parent == nil {
		return "", false, false
	}
	all := st.Parent.byID[st.ID].Raw["Parameters"]
	raw, passed := object(all)[name]
	switch raw := raw.(type) {
	case string:
		return raw, !strings.Contains(raw, "{{resolve:"), passed
	case map[string]any:
		of, _ := raw["Ref"].(string)
		if of == "AWS::NoValue" {
			return "", false, false
		}
		if declared, ok := st.Parent.sections["Parameters"][of].(map[string]any); ok && len(raw) == 1 {
			v, ok := st.Parent.parameter(of, declared, false).(string)
			return v, ok && !HasSymbol(v), passed
		}
	}
	return "", false, passed || isFunction(all)
}
