package gateway

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// A callee is what a URL or a permission is of: a function, or an alias or a version of one, each of which has a policy of its own
// (https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html).
type callee struct {
	function  *cfn.Resource
	name      string // of the function, where the templates do not have it
	qualifier string // of the alias or the version
	unknown   bool   // it may be any
}

// callee reads the name or the ARN of a function, of an alias or of a version.
func (l *loader) callee(v any) callee {
	text, err := textOf(v)
	if err != nil {
		return callee{unknown: true}
	}
	var c callee
	named := l.app.Mentioned(text)
	for _, r := range named {
		switch r.Type {
		case "AWS::Lambda::Url":
			return l.calleeOfURL(r)
		case "AWS::Lambda::Alias", "AWS::Lambda::Version":
			if c.qualifier = text0(r.Properties["Name"]); c.qualifier == "" {
				c.qualifier = l.app.Name(r)
			}
		case "AWS::Lambda::Function":
			c.function = r
		}
	}
	if at := l.app.StandIns(text); len(at) > 0 {
		c.unknown = len(named) == 0
		if q, ok := strings.CutPrefix(text[at[len(at)-1].To:], ":"); ok && c.qualifier == "" {
			c.qualifier = q
		}
		return c
	}
	if _, name, ok := strings.Cut(text, ":function:"); ok {
		text = name
	}
	c.name, c.qualifier, _ = strings.Cut(text, ":")
	for _, f := range l.app.OfType("AWS::Lambda::Function") {
		if c.name != "" && f.Properties["FunctionName"] == c.name {
			c.function = f
		}
	}
	return c
}

func (l *loader) calleeOfURL(url *cfn.Resource) callee {
	c := l.callee(url.Properties["TargetFunctionArn"])
	if q := url.Properties["Qualifier"]; q != nil {
		c.qualifier = text0(q)
	}
	return c
}

// sameCallee reports whether two are the same, or may be.
func (l *loader) sameCallee(a, b callee) bool {
	if a.unknown || b.unknown {
		return true
	}
	if a.function != b.function || a.function == nil && a.name != b.name {
		return false
	}
	return a.qualifier == b.qualifier || len(l.app.Symbols(a.qualifier+b.qualifier)) > 0
}

// narrowed are the members of a permission that let in fewer than everybody.
var narrowed = []string{"EventSourceToken", "PrincipalOrgID", "SourceAccount", "SourceArn"}

// public reports whether a permission of the app lets everybody do something with the URL's function, or may
// (recorded 2025-11: without one for lambda:InvokeFunctionUrl everybody is told Forbidden).
func (l *loader) public(does string) bool {
	may := func(v any, wanted ...string) bool {
		text := text0(v)
		return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, text) }) || len(l.app.Symbols(text)) > 0
	}
	mine := l.calleeOfURL(l.rest)
	return slices.ContainsFunc(l.app.OfType("AWS::Lambda::Permission"), func(r *cfn.Resource) bool {
		p := r.Properties
		return !slices.ContainsFunc(narrowed, func(name string) bool { return p[name] != nil }) &&
			may(p["Action"], does, "lambda:*", "*") && may(p["Principal"], "*") && may(p["FunctionUrlAuthType"], "", "NONE") &&
			l.sameCallee(l.callee(p["FunctionName"]), mine)
	})
}
