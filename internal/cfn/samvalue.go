package cfn

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// pyTrue reports whether Python takes a value for true, which is how the SAM transform reads most switches: the text
// "false" and an intrinsic function are true.
func pyTrue(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// isFunction reports whether a value is an intrinsic function.
func isFunction(v any) bool {
	m, _ := v.(map[string]any)
	if len(m) != 1 {
		return false
	}
	for k := range m {
		return k == "Ref" || k == "Condition" || strings.HasPrefix(k, "Fn::")
	}
	return false
}

// object returns v if it is an object, and an empty one otherwise.
func object(v any) map[string]any {
	if m, ok := v.(map[string]any); ok && m != nil {
		return m
	}
	return map[string]any{}
}

// inner returns the object that m has under a name. It is made if there is none.
func inner(m map[string]any, name string) map[string]any {
	c, ok := m[name].(map[string]any)
	if !ok {
		c = map[string]any{}
		m[name] = c
	}
	return c
}

// asList returns v if it is a list, and none otherwise.
func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// orElse returns v, or another value if v is null.
func orElse(v, other any) any {
	if v == nil {
		return other
	}
	return v
}

// pyItems lists what Python goes through in a value, which SAM does where it takes a list on trust: the elements of a list,
// the keys of an object, the letters of a text.
func pyItems(v any) []any {
	var out []any
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, k)
		}
	case string:
		for _, r := range v {
			out = append(out, string(r))
		}
	}
	return out
}

// scalar is the text of a text, a number or a boolean.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// listed returns v if it is a list, and the list of v alone otherwise.
func listed(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// contents lists what a value is: itself, or the branches of an Fn::If without AWS::NoValue. Only objects are listed.
func contents(v any) []map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	branches, ok := m["Fn::If"].([]any)
	if !ok {
		return []map[string]any{m}
	}
	var out []map[string]any
	for _, b := range branches[min(1, len(branches)):] {
		if m, ok := b.(map[string]any); ok && m["Ref"] != "AWS::NoValue" {
			out = append(out, m)
		}
	}
	return out
}

// conditional wraps a value in an Fn::If that leaves it out if the condition is false.
func conditional(condition string, v any) map[string]any {
	return map[string]any{"Fn::If": []any{condition, v, map[string]any{"Ref": "AWS::NoValue"}}}
}

func ref(id string) map[string]any { return map[string]any{"Ref": id} }

func getAtt(id, attribute string) map[string]any {
	return map[string]any{"Fn::GetAtt": []any{id, attribute}}
}

func sub(text string) map[string]any { return map[string]any{"Fn::Sub": text} }

// copied returns a value that shares no object and no list with v.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = copied(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = copied(e)
		}
		return list
	}
	return v
}

// take copies the members of from that are not null, where they have one of the names, which blanks separate.
func take(to, from map[string]any, names string) {
	for name := range strings.FieldsSeq(names) {
		if v := from[name]; v != nil {
			to[name] = v
		}
	}
}

// unknownIn lists the members that are not among the names, which blanks separate.
func unknownIn(m map[string]any, names string) []string {
	known := strings.Fields(names)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(k string) bool { return slices.Contains(known, k) })
}

// idPart is what SAM puts of a text into a logical id: the text, or a digest if it may be no part of one.
func idPart(text string) string {
	if alphanumeric(text) {
		return text
	}
	return digestOf(text)
}

func alphanumeric(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
}

// digestOf is the digest that SAM puts into logical ids: of a text, or of the JSON of any other value.
func digestOf(v any) string {
	if !pyTrue(v) {
		return ""
	}
	text, ok := v.(string)
	if !ok {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(v) != nil { // a value of a template is JSON
			return ""
		}
		text = strings.TrimSuffix(b.String(), "\n")
	}
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])[:10]
}
