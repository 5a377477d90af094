package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// A slot is a kind of place whose value decides about CORS.
type slot int

const (
	noSlot slot = iota
	originSlot
	methodsSlot
	headersSlot
	ageSlot
	credentialsSlot
	templateSlot // a mapping template
	variableSlot // a stage's variable with origins
)

// slots finds the kind by a part of the property's name.
var slots = []struct {
	part string
	slot slot
}{
	{"access-control-allow-origin", originSlot},
	{"access-control-allow-methods", methodsSlot},
	{"access-control-allow-headers", headersSlot},
	{"access-control-expose-headers", headersSlot},
	{"access-control-max-age", ageSlot},
	{"access-control-allow-credentials", credentialsSlot},
}

// standIns puts something of the kind that is meant where a value is known only at deployment: a parameter without a
// default or from the Parameter Store, an attribute of a resource, an import, a dynamic reference. A header's value is then
// judged by what the template says around it, and what it does not say is taken to be right.
func (d *Document) standIns() {
	all, _ := d.root["Resources"].(map[string]any)
	for _, v := range all {
		r, _ := v.(map[string]any)
		typ, _ := r["Type"].(string)
		if props, ok := r["Properties"].(map[string]any); ok && strings.HasPrefix(typ, "AWS::ApiGateway::") {
			d.fillMembers(props, noSlot, 0)
		}
	}
}

// fillMembers goes through an object whose members are in a slot, or in one by their names.
func (d *Document) fillMembers(m map[string]any, in slot, depth int) {
	for k, v := range m {
		low := strings.ToLower(k)
		s := in
		switch low {
		case "requesttemplates", "responsetemplates":
			s = templateSlot
		case "variables":
			s = variableSlot
		}
		for _, e := range slots {
			if strings.Contains(low, e.part) {
				s = e.slot
			}
		}
		m[k] = d.fillIn(v, s, low, depth+1)
	}
}

func (d *Document) fillIn(v any, s slot, key string, depth int) any {
	if depth > cfn.MaxDepth {
		return v
	}
	switch x := v.(type) {
	case []any:
		for i := range x {
			x[i] = d.fillIn(x[i], s, key, depth+1)
		}
		return x
	case map[string]any:
		if !isIntrinsic(x) {
			d.fillMembers(x, s, depth)
			return x
		}
	case string:
	default:
		return v
	}
	switch {
	case s == noSlot, s == variableSlot && !strings.Contains(key, "origin"), s == templateSlot && !overridesOriginText(flat(v)):
		return v
	}
	f := filler{d, s}
	// The value of a parameter that is the whole of a mapping has its own quotes.
	if m, _ := v.(map[string]any); m["Fn::GetAtt"] == nil && f.unknown(m) && s != templateSlot && s != variableSlot {
		return "'" + f.text(m, "") + "'"
	}
	return f.fill(v, "")
}

// filler fills one value.
type filler struct {
	d    *Document
	slot slot
}

var dynamic = regexp.MustCompile(`\{\{resolve:[^{}]*\}\}`)

// fill gives a value with stand-ins for what is unknown in it. Before is the text before it.
func (f filler) fill(v any, before string) any {
	if s, ok := v.(string); ok {
		return f.replace(dynamic, s, before, func(string) (map[string]any, bool) { return map[string]any{"Fn::ImportValue": "resolved"}, true })
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if f.unknown(m) {
		return f.text(m, before)
	}
	if join, ok := m["Fn::Join"].([]any); ok && len(join) == 2 {
		separator, _ := join[0].(string)
		if list, ok := join[1].([]any); ok {
			out := make([]any, len(list))
			for i, e := range list {
				out[i] = f.fill(e, before)
				before += flat(out[i]) + separator
			}
			return map[string]any{"Fn::Join": []any{separator, out}}
		}
	}
	switch sub := m["Fn::Sub"].(type) {
	case string:
		return map[string]any{"Fn::Sub": f.sub(sub, nil, before)}
	case []any:
		if len(sub) == 2 {
			text, _ := sub[0].(string)
			vars, _ := sub[1].(map[string]any)
			filled := map[string]any{}
			for _, k := range sortedKeys(vars) {
				at := strings.Index(text, "${"+k+"}")
				filled[k] = f.fill(vars[k], before+text[:max(at, 0)])
			}
			return map[string]any{"Fn::Sub": []any{f.sub(text, vars, before), filled}}
		}
	}
	return v
}

// sub fills the placeholders of Fn::Sub that are no variables of its own.
func (f filler) sub(text string, vars map[string]any, before string) string {
	return f.replace(placeholder, text, before, func(match string) (map[string]any, bool) {
		name := match[2 : len(match)-1]
		if _, own := vars[name]; own || strings.HasPrefix(name, "!") {
			return nil, false
		}
		ref := map[string]any{"Ref": name}
		if id, attribute, ok := strings.Cut(name, "."); ok {
			ref = map[string]any{"Fn::GetAtt": []any{id, attribute}}
		}
		return ref, f.unknown(ref)
	})
}

// replace puts stand-ins in the place of a pattern's matches.
func (f filler) replace(pattern *regexp.Regexp, text, before string, reference func(match string) (map[string]any, bool)) string {
	var b strings.Builder
	end := 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		b.WriteString(text[end:at[0]])
		end = at[1]
		if m, ok := reference(text[at[0]:at[1]]); ok {
			b.WriteString(f.text(m, before+b.String()))
		} else {
			b.WriteString(text[at[0]:at[1]])
		}
	}
	return b.String() + text[end:]
}

// unknown says that a value is an intrinsic function whose value deployment decides.
func (f filler) unknown(m map[string]any) bool {
	if !isIntrinsic(m) {
		return false
	}
	if name, ok := m["Ref"].(string); ok {
		params, _ := f.d.root["Parameters"].(map[string]any)
		p, isParameter := params[name].(map[string]any)
		typ, _ := p["Type"].(string)
		if isParameter {
			return p["Default"] == nil || strings.HasPrefix(typ, "AWS::SSM::")
		}
		return f.slot != templateSlot && !strings.HasPrefix(name, "AWS::")
	}
	if list, ok := m["Fn::Select"].([]any); ok {
		return slices.ContainsFunc(list, f.somewhere)
	}
	return m["Fn::GetAtt"] != nil || m["Fn::ImportValue"] != nil
}

// somewhere says that something in a value is unknown.
func (f filler) somewhere(v any) bool {
	switch x := v.(type) {
	case []any:
		return slices.ContainsFunc(x, f.somewhere)
	case map[string]any:
		for _, e := range x {
			if f.unknown(x) || f.somewhere(e) {
				return true
			}
		}
	}
	return false
}

// text is what stands for an unknown value after some text.
func (f filler) text(m map[string]any, before string) string {
	switch f.slot {
	case methodsSlot:
		return "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"
	case headersSlot:
		return "authorization,content-type,x-api-key"
	case ageSlot:
		return "600"
	case credentialsSlot:
		return "false"
	}
	name := "deployed"
	switch x := m["Ref"].(type) {
	case string:
		name = x
	default:
		if att := oneOrMore(m["Fn::GetAtt"]); len(att) > 0 {
			name = flat(att[0])
			if len(att) > 1 {
				name += "." + flat(att[1])
			}
		}
	}
	host := notHost.ReplaceAllString(strings.ToLower(name), "-") + standInHost
	if at := strings.LastIndexAny(before, `'"|,=( `); strings.Contains(before[at+1:], "://") || strings.HasSuffix(name, "DomainName") {
		return host
	}
	return "https://" + host
}

// standInHost is how the host of an origin that stands for an unknown one ends.
const standInHost = ".deployed.example"

var notHost = regexp.MustCompile(`[^a-z0-9.]+`)
