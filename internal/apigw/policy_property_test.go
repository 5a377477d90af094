package apigw

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The values that a drawn policy's unknown texts and a request's unknown keys may have.
var (
	unknownTexts = []string{"prod", "test", "items", "*", "execute-api:Invoke", "arn:aws:iam::111122223333:root"}
	unknownKeys  = map[string][]string{
		"aws:SourceIp":        {"192.0.2.1", "198.51.100.7"},
		"aws:SourceVpce":      {"", "vpce-1", "vpce-2"}, // "" is none
		"aws:SecureTransport": {"true"},
	}
	neverKeys = []string{"aws:PrincipalOrgID", "aws:PrincipalArn", "aws:username"}
)

// TestJudgePolicyAgainstBruteForce compares with every outcome that a policy has, whatever the unknown is.
func TestJudgePolicyAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements := rapid.SliceOfN(rapid.Custom(drawStatement), 0, 3).Draw(t, "statements")
		call := Call{
			Stage:  rapid.SampledFrom([]string{"prod", "test"}).Draw(t, "stage"),
			Method: "OPTIONS",
			Path:   rapid.SampledFrom([]string{"/", "/items", "/items/1", "/a/GET/b"}).Draw(t, "path"),
		}
		possible := map[Access]bool{}
		for _, p := range unknownTexts {
			for _, ip := range unknownKeys["aws:SourceIp"] {
				for _, vpce := range unknownKeys["aws:SourceVpce"] {
					request := map[string]string{"aws:SourceIp": ip, "aws:SecureTransport": "true"}
					if vpce != "" {
						request["aws:SourceVpce"] = vpce
					}
					possible[reference(statements, call, request, p)] = true
				}
			}
		}
		got := JudgePolicy(map[string]any{"Version": "2012-10-17", "Statement": statements}, call)
		unknown := len(got.Keys)+len(got.Unread) > 0
		switch {
		case got.Access == Depends && !unknown, got.Access != Depends && unknown:
			t.Fatalf("got %+v: what it depends on, and nothing else, is to be said", got)
		case got.Access == Depends && !hasUnknown(statements):
			t.Fatalf("got %+v for a policy in which everything is known: %v", got, possible)
		case got.Access == NotAllowed && !possible[Passes]: // and whether a Deny is one reason more does not matter
		case got.Access != Depends && (len(possible) != 1 || !possible[got.Access]):
			t.Fatalf("got %v, and these are possible: %v", got, slices.Collect(maps.Keys(possible)))
		}
	})
}

func hasUnknown(v any) bool {
	switch x := v.(type) {
	case []any:
		return slices.ContainsFunc(x, hasUnknown)
	case map[string]any:
		for k, e := range x {
			if k == "Ref" || k == "Fn::Sub" || k == "aws:SourceIp" || k == "aws:SourceVpce" || hasUnknown(e) {
				return true
			}
		}
	}
	return false
}

func drawStatement(t *rapid.T) any {
	s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
	put := func(name string, values ...any) {
		if rapid.IntRange(0, 3).Draw(t, "not") == 0 {
			name = "Not" + name
		}
		s[name] = rapid.SampledFrom(values).Draw(t, name)
	}
	parameter := map[string]any{"Ref": "P"}
	put("Principal", "*", "*", map[string]any{"AWS": "*"}, map[string]any{"AWS": []any{"arn:aws:iam::111122223333:root"}}, map[string]any{"AWS": parameter})
	put("Action", "execute-api:Invoke", "execute-api:Invoke", "execute-api:*", "EXECUTE-API:inv*", "execute-api:ManageConnections", []any{"s3:*", "*"}, parameter)
	put("Resource", "*", "execute-api:/*", "execute-api:/prod/*", "execute-api:/*/OPTIONS/*", "execute-api:/*/GET/*", "execute-api:/????/*/item?*",
		"execute-api:/*/*/${aws:username}", "execute-api:/*/*/${aws:username, 'items'}", "execute-api:/*${*}",
		[]any{"execute-api:/test/OPTIONS/", "arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/OPTIONS/items*"},
		map[string]any{"Fn::Join": []any{"", []any{"execute-api:/", parameter, "/OPTIONS/*"}}},
		map[string]any{"Fn::Sub": "execute-api:/*/OPTIONS/${P}*"})
	if rapid.Bool().Draw(t, "conditional") {
		keys := slices.Concat(neverKeys, slices.Sorted(maps.Keys(unknownKeys)))
		condition := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "operators") {
			set := rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set")
			op := rapid.SampledFrom([]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnNotLike", "Bool", "Null"}).Draw(t, "operator")
			ifExists := set != "ForAnyValue:" && op != "Null" && rapid.Bool().Draw(t, "ifExists")
			key := rapid.SampledFrom(keys).Draw(t, "key")
			var values any = rapid.SampledFrom([]any{"192.0.2.1", "vpce-*", "o-1", []any{"vpce-1", "vpce-2"}}).Draw(t, "values")
			if op == "Null" || op == "Bool" || key == "aws:SecureTransport" {
				values = rapid.SampledFrom([]any{"true", "false", true, false}).Draw(t, "value")
			}
			if op == "Null" {
				set = ""
			} else if key == "aws:SecureTransport" && op != "StringNotEquals" {
				op = "Bool"
			}
			if ifExists {
				op += "IfExists"
			}
			condition[set+op] = map[string]any{key: values}
		}
		s["Condition"] = condition
	}
	return s
}

// reference evaluates a policy for one request, of which everything is known, p instead of the parameter.
func reference(statements []any, c Call, request map[string]string, p string) Access {
	arn := "arn:aws:execute-api:eu-west-1:111122223333:abc123/" + c.Stage + "/" + c.Method + c.Path
	named := func(s map[string]any, element string, is func(text string) bool) bool {
		v, negated := s["Not"+element]
		if !negated {
			v = s[element]
		}
		for _, text := range texts(v, p) {
			if is(text) {
				return !negated
			}
		}
		return negated
	}
	allowed := false
	for _, v := range statements {
		s := v.(map[string]any)
		if !named(s, "Principal", func(text string) bool { return text == "*" }) ||
			!named(s, "Action", func(text string) bool { return globbed(strings.ToLower(text), "execute-api:invoke", nil) }) ||
			!named(s, "Resource", func(text string) bool {
				if rest, ok := strings.CutPrefix(text, "execute-api:"); ok {
					text = "arn:aws:execute-api:eu-west-1:111122223333:abc123" + rest
				}
				return globbed(text, arn, request)
			}) || !fulfilled(s["Condition"], request) {
			continue
		}
		if s["Effect"] == "Deny" {
			return Denied
		}
		allowed = true
	}
	if allowed {
		return Passes
	}
	return NotAllowed
}

// texts returns the texts of an element, p instead of the parameter.
func texts(v any, p string) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case bool:
		if x {
			return []string{"true"}
		}
		return []string{"false"}
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, texts(e, p)...)
		}
		return out
	case map[string]any:
		if x["Ref"] != nil {
			return []string{p}
		}
		if join, ok := x["Fn::Join"].([]any); ok {
			return []string{strings.Join(texts(join[1], p), "")}
		}
		if sub, ok := x["Fn::Sub"].(string); ok {
			return []string{strings.ReplaceAll(sub, "${P}", p)}
		}
		return texts(x["AWS"], p)
	}
	return nil
}

// globbed compares with a text by a regular expression. With a request, policy variables are replaced.
func globbed(pattern, text string, request map[string]string) bool {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.NewReplacer(`\$\{\*\}`, `\*`, `\$\{aws:username, 'items'\}`, `items`, `\*`, `.*`, `\?`, `.`).Replace(expression)
	if request != nil && strings.Contains(pattern, "${aws:username}") {
		return false
	}
	return regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(text)
}

func fulfilled(v any, request map[string]string) bool {
	operators, _ := v.(map[string]any)
	for name, keys := range operators {
		for key, values := range keys.(map[string]any) {
			if !compared(name, key, texts(values, ""), request) {
				return false
			}
		}
	}
	return true
}

func compared(name, key string, values []string, request map[string]string) bool {
	got, there := request[key]
	if name == "Null" {
		return slices.Contains(values, map[bool]string{true: "false", false: "true"}[there])
	}
	name, all := strings.CutPrefix(name, "ForAllValues:")
	name, one := strings.CutPrefix(name, "ForAnyValue:")
	name, ifExists := strings.CutSuffix(name, "IfExists")
	if !there && (all || ifExists) {
		return true
	}
	if !there && one {
		return false
	}
	negated := strings.Contains(name, "Not")
	matched := there && slices.ContainsFunc(values, func(v string) bool {
		if strings.HasSuffix(name, "Like") {
			return globbed(v, got, nil)
		}
		return v == got
	})
	return matched != negated
}
