package plan

import "strings"

// Pascal renames the keys of an object from the CDK's to CloudFormation's, and
// those of objects in its lists. The keys of maps (header mappings, templates)
// are not names of properties and stay.
func Pascal(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if l, ok := v.([]any); ok {
			v = pascalAll(l)
		}
		out[strings.ToUpper(k[:1])+k[1:]] = v
	}
	return out
}

func pascalAll(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		if m, ok := v.(map[string]any); ok {
			v = Pascal(m)
		}
		out[i] = v
	}
	return out
}
