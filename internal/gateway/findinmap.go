package gateway

import (
	"fmt"
	"maps"
	"slices"
)

// findInMap evaluates Fn::FindInMap, with a DefaultValue as AWS::LanguageExtensions has it
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-findinmap.html).
func (l *loader) findInMap(arg any, depth int) (any, error) {
	a := list(arg)
	if len(a) != 3 && len(a) != 4 {
		return nil, fmt.Errorf("Fn::FindInMap needs the name of a mapping and two keys")
	}
	var fallback map[string]any
	if len(a) == 4 {
		fallback, _ = a[3].(map[string]any)
		if _, ok := fallback["DefaultValue"]; !ok {
			return nil, fmt.Errorf("Fn::FindInMap with a fourth value that is no DefaultValue")
		}
	}
	table, where := l.tables, "Mappings"
	for i, key := range a[:3] {
		name, err := l.deepStr(key, depth)
		if err != nil {
			return nil, err
		}
		v, ok := table[name]
		switch {
		case !ok && fallback != nil:
			return l.resolve(fallback["DefaultValue"], depth+1)
		case !ok:
			return nil, fmt.Errorf("Fn::FindInMap: the template's %s has no %s, only %v", where, name, slices.Sorted(maps.Keys(table)))
		case i == 2:
			return v, nil
		}
		table, _ = v.(map[string]any)
		where += " " + name
	}
	return nil, nil
}
