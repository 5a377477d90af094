package cdkbridge

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// named are the properties whose keys are names of the app's own (of headers, content
// types, variables, of a policy's elements), and so the same in the CDK and in
// CloudFormation.
var named = []string{
	"requestParameters", "requestTemplates", "requestModels", "responseParameters", "responseTemplates", "responseModels",
	"variables", "stageVariableOverrides", "policy", "body",
}

// overlay puts the overrides over the properties, as the CDK does when it writes the
// template.
func (r *Resource) overlay() {
	if len(r.Overrides) == 0 {
		return
	}
	r.Properties, _ = merge(r.Properties, r.Overrides, true).(map[string]any)
	for path, value := range r.Resolved {
		// An element of a list is not among the paths, so each step is a property.
		var over any = r.Overrides
		name, set := "", true
		for name = range strings.SplitSeq(path, ".") {
			within, ok := over.(map[string]any)
			if !ok || isFunction(within) {
				over = nil // something else has replaced it
				break
			}
			if over, set = within[strings.ToUpper(name[:1])+name[1:]]; !set {
				break
			}
		}
		if set {
			r.Resolved[path] = merge(value, over, !slices.Contains(named, name))
		}
	}
}

// merge returns a value with an override on it. Properties reports whether the keys of
// objects in it are properties, which the CDK calls otherwise than CloudFormation.
func merge(value, over any, properties bool) any {
	switch over := over.(type) {
	case []any:
		out := make([]any, len(over))
		for i, v := range over {
			out[i] = merge(nil, v, properties)
		}
		return out
	case map[string]any:
		if isFunction(over) {
			return over
		}
		if list, ok := value.([]any); ok {
			return mergeList(slices.Clone(list), over, properties)
		}
		given, _ := value.(map[string]any)
		if isFunction(given) {
			given = nil
		}
		out := maps.Clone(given)
		if out == nil {
			out = map[string]any{}
		}
		for key, v := range over {
			if properties && key != "" {
				key = strings.ToLower(key[:1]) + key[1:]
			}
			if v == nil {
				delete(out, key)
			} else {
				out[key] = merge(out[key], v, properties && !slices.Contains(named, key))
			}
		}
		return out
	}
	return over
}

// mergeList returns a list with overrides of its elements.
func mergeList(list []any, over map[string]any, properties bool) []any {
	for _, key := range slices.Sorted(maps.Keys(over)) {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i > 1000 {
			continue
		}
		for len(list) <= i {
			list = append(list, nil)
		}
		list[i] = merge(list[i], over[key], properties)
	}
	return list
}

// isFunction reports whether an object is a function of CloudFormation.
func isFunction(m map[string]any) bool {
	for key := range m {
		return len(m) == 1 && (key == "Ref" || strings.HasPrefix(key, "Fn::"))
	}
	return false
}
