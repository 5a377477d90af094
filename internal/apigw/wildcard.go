package apigw

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A part is a piece of a text: literal, or not known.
type part struct {
	text    string
	unknown any
}

// flatten returns the parts of a text that may be made by Fn::Join and Fn::Sub.
func flatten(v any) []part {
	switch x := v.(type) {
	case string:
		return []part{{text: x}}
	case bool, json.Number, float64, int:
		return []part{{text: fmt.Sprint(x)}}
	case map[string]any:
		if join, ok := x["Fn::Join"].([]any); ok && len(x) == 1 && len(join) == 2 {
			separator, ok := join[0].(string)
			if list, isList := join[1].([]any); ok && isList {
				var out []part
				for i, e := range list {
					if i > 0 {
						out = append(out, part{text: separator})
					}
					out = append(out, flatten(e)...)
				}
				return out
			}
		}
		if sub, ok := x["Fn::Sub"]; ok && len(x) == 1 {
			list := oneOrMore(sub)
			text, isText := "", false
			if len(list) > 0 {
				text, isText = list[0].(string)
			}
			var own map[string]any
			if len(list) > 1 {
				own, _ = list[1].(map[string]any)
			}
			if isText {
				return substituted(text, own)
			}
		}
	}
	return []part{{unknown: v}}
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// substituted returns the parts of an Fn::Sub.
func substituted(text string, own map[string]any) []part {
	var out []part
	end := 0
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		out = append(out, part{text: text[end:at[0]]})
		end = at[1]
		name := text[at[0]+2 : at[1]-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			out = append(out, part{text: "${" + literal + "}"})
		} else if v, ok := own[name]; ok {
			out = append(out, flatten(v)...)
		} else {
			out = append(out, part{unknown: map[string]any{"Ref": name}})
		}
	}
	return append(out, part{text: text[end:]})
}

// isIntrinsic reports whether an object is an intrinsic function.
func isIntrinsic(m map[string]any) bool {
	for k := range m {
		return len(m) == 1 && (k == "Ref" || strings.HasPrefix(k, "Fn::"))
	}
	return false
}

// nameOf names a value that is not known.
func nameOf(v any) string {
	switch x := v.(type) {
	case fmt.Stringer:
		return x.String()
	case map[string]any:
		if !isIntrinsic(x) {
			break
		}
		for k, arg := range x {
			var names []string
			for _, a := range oneOrMore(arg) {
				if s, ok := a.(string); ok {
					names = append(names, s)
				}
			}
			switch {
			case k == "Ref", k == "Fn::GetAtt":
				return strings.Join(names, ".")
			case len(names) > 0 && k != "Fn::Sub" && k != "Fn::Join":
				return k + " " + names[0]
			}
			return k
		}
	}
	return "a part that is not a policy's"
}

// A token is a unit of a pattern or of what a pattern is compared with.
type token struct {
	kind tokenKind
	text string // one byte of a literal; the name of what is unknown
	key  bool   // unknown is the value of a condition key
}

type tokenKind int

const (
	char    tokenKind = iota // itself
	one                      // ?: any character
	many                     // *: any text
	mine                     // whatever the API's own ARN has there, between / and :
	unknown                  // a text that is not known
)

func literal(s string) []token {
	out := make([]token, 0, len(s))
	for i := range len(s) {
		out = append(out, token{kind: char, text: s[i : i+1]})
	}
	return out
}

// pattern reads a text with wildcards and policy variables
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html). It returns false if a variable has no
// value in a request without credentials: the text then names nothing.
func (e *evaluation) pattern(v any) ([]token, bool) {
	var out []token
	for _, p := range flatten(v) {
		if p.unknown != nil {
			out = append(out, token{kind: unknown, text: nameOf(p.unknown)})
			continue
		}
		for rest := p.text; rest != ""; {
			if e.variables && strings.HasPrefix(rest, "${") {
				if end := strings.IndexByte(rest, '}'); end > 0 {
					tokens, ok := variable(rest[2:end])
					if !ok {
						return nil, false
					}
					out, rest = append(out, tokens...), rest[end+1:]
					continue
				}
			}
			switch rest[0] {
			case '*':
				out = append(out, token{kind: many})
			case '?':
				out = append(out, token{kind: one})
			default:
				out = append(out, token{kind: char, text: rest[:1]})
			}
			rest = rest[1:]
		}
	}
	return out, true
}

// variable returns the value of a policy variable.
func variable(name string) ([]token, bool) {
	switch name {
	case "*", "?", "$":
		return literal(name), true
	}
	key, standard, hasDefault := strings.Cut(name, ",")
	switch key = strings.TrimSpace(key); presenceOf(key) {
	case absent:
		return literal(strings.Trim(strings.TrimSpace(standard), "'")), hasDefault
	case has:
		return literal("true"), true
	}
	return []token{{kind: unknown, text: key, key: true}}, true
}

// target is the ARN of a call.
func target(c Call) []token {
	stage := literal(c.Stage)
	if c.Stage == "" {
		stage = []token{{kind: unknown, text: "the stage's name"}}
	}
	out := slices.Concat(ownARN, literal("/"), stage, literal("/"+c.Method))
	end := 0
	for _, at := range PathParameter.FindAllStringIndex(c.Path, -1) {
		out = append(slices.Concat(out, literal(c.Path[end:at[0]])), token{kind: unknown, text: "the path parameter " + c.Path[at[0]:at[1]]})
		end = at[1]
	}
	return slices.Concat(out, literal(c.Path[end:]))
}

// ownARN is that of the API itself.
var ownARN = slices.Concat(literal("arn:"), []token{{kind: mine}}, literal(":"+InvokeService+":"),
	[]token{{kind: mine}}, literal(":"), []token{{kind: mine}}, literal(":"), []token{{kind: mine}})

// arn completes a resource of a policy: API Gateway puts the API's own ARN before execute-api:/stage/METHOD/path. What is
// unknown before the stage is taken to be the API's own.
func arn(pattern []token) []token {
	if short := literal(InvokeService + ":"); len(pattern) >= len(short) && slices.Equal(pattern[:len(short)], short) {
		pattern = slices.Concat(ownARN, pattern[len(short):])
	}
	pattern = slices.Clone(pattern)
	isChar := func(of string) func(token) bool {
		return func(t token) bool { return t.kind == char && strings.Contains(of, t.text) }
	}
	for i, t := range pattern {
		if isChar("/")(t) {
			break
		}
		if t.kind == unknown && slices.ContainsFunc(pattern[i:], isChar("/:")) {
			pattern[i].kind = mine
		}
	}
	return pattern
}

// match reports whether a pattern matches, whatever stands for what is unknown in either.
func match(pattern, target []token) truth {
	if matches(pattern, target, false) {
		return yes
	}
	if !matches(pattern, target, true) {
		return no
	}
	var out truth
	var own []string
	for _, t := range slices.Concat(pattern, target) {
		switch {
		case t.kind == unknown && t.key:
			out.keys = append(out.keys, t.text)
		case t.kind == unknown:
			out.unread = append(out.unread, t.text)
		case t.kind == mine && t.text != "":
			own = append(own, t.text)
		}
	}
	if out.keys == nil && out.unread == nil {
		out.unread = own
	}
	return out
}

// matches reports whether a pattern matches for some value of what is unknown, or for all.
func matches(pattern, target []token, some bool) bool {
	failed := map[[2]int]bool{}
	var from func(p, t int) bool
	from = func(p, t int) bool {
		at := [2]int{p, t}
		if failed[at] {
			return false
		}
		if p == len(pattern) && t == len(target) {
			return true
		}
		ok := false
		if t < len(target) && (target[t].kind == mine || some && target[t].kind == unknown) {
			ok = from(p, t+1) // it ends here
		}
		if !ok && p < len(pattern) {
			switch k := pattern[p].kind; {
			case k == many, k == mine, k == unknown && some:
				ok = from(p+1, t) || t < len(target) && (k == many || some || target[t].text != "/") && from(p, t+1)
			case k == unknown || t == len(target):
			case target[t].kind == char:
				ok = (k == one || pattern[p].text == target[t].text) && from(p+1, t+1)
			case target[t].kind == mine || some: // it goes on
				ok = (k == one || pattern[p].text != "/" && pattern[p].text != ":") && from(p+1, t)
			}
		}
		failed[at] = !ok
		return ok
	}
	return from(0, 0)
}
