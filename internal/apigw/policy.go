package apigw

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Call is a request. Without credentials it is as a browser sends a preflight.
type Call struct {
	Stage  string // its name; "" if it is not known
	Method string
	Path   string // of the request, /items/1, or of a resource, /items/{id}, for any value of its parameters
	Signed bool   // it carries the AWS credentials of somebody
}

// An Access says what a resource policy does to a [Call].
type Access int

const (
	Passes     Access = iota // a statement allows it and none denies it
	NotAllowed               // no statement allows it, whether or not one denies it
	Denied                   // a statement denies it
	Depends                  // it depends on what is not known here
)

func (a Access) String() string {
	return [...]string{"passes", "not allowed", "denied", "depends"}[a]
}

// A Judgement is an [Access] and, for [Depends], what it depends on, sorted.
type Judgement struct {
	Access Access
	// MayDeny says of [Depends] and [NotAllowed] that a statement may deny the request.
	MayDeny bool
	// Keys are condition keys that a request without credentials may have, such as aws:SourceIp.
	Keys []string
	// Unread are parts of the policy whose value is not known.
	Unread []string
}

// JudgePolicy reports whether a resource policy lets a request in. An explicit Deny wins, and without an
// Allow the request is refused
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html). A method that checks
// credentials itself does so afterwards; the OPTIONS method of a preflight does not.
//
// The document is plain data, as encoding/json makes it, or a text of JSON. Fn::Join and Fn::Sub are read; the value of
// another intrinsic function, and every value that is not plain data, is not known, and what is literal around it is
// compared. An unknown value has the name that its String method returns. No document, or an empty one, is not a policy: it
// lets everybody in.
//
// Account, region and API id of an ARN are taken to be the API's own.
func JudgePolicy(document any, c Call) Judgement {
	document = parsed(document)
	doc, ok := document.(map[string]any)
	switch {
	case document == nil || document == "" || ok && len(doc) == 0:
		return Judgement{Access: Passes}
	case !ok || isIntrinsic(doc):
		out := judgement(Depends, unread(document))
		out.MayDeny = true
		return out
	}
	e := &evaluation{target: target(c), signed: c.Signed, variables: doc["Version"] == "2012-10-17", action: InvokeService + ":Invoke"}
	e.principal, e.resource = e.names, e.covers
	return e.judge(doc)
}

// JudgeFunctionURL reports whether the resource-based policy of a function lets everybody do something with it, such as
// lambda:InvokeFunctionUrl, by way of a URL whose AuthType is NONE
// (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html). Without a document nobody is let in. The resource of every statement
// is the function.
func JudgeFunctionURL(document any, action string) Judgement {
	document = parsed(document)
	doc, ok := document.(map[string]any)
	if !ok && document != nil && document != "" {
		return judgement(Depends, truth{unread: []string{"the text of the policy, which is not a JSON object"}})
	}
	e := &evaluation{variables: doc["Version"] == "2012-10-17", action: action, own: ofURL}
	e.principal, e.resource = e.names, func(any) truth { return yes }
	return e.judge(doc)
}

// ofURL are the condition keys of a request to a function URL without credentials, in lower case; those with an empty value it does
// not have (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html).
var ofURL = map[string]string{"lambda:functionurlauthtype": "NONE", "lambda:invokedviafunctionurl": "true", "lambda:eventsourcetoken": "", "lambda:sourcefunctionarn": "", "aws:sourcearn": ""}

// JudgeAuthorizer reports whether the policy that a Lambda authorizer returned lets a request in. It is evaluated as a resource
// policy is, but that it has no Principal: it is about the caller
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
func JudgeAuthorizer(document map[string]any, c Call) Judgement {
	caller := func(any) truth { return yes }
	e := &evaluation{target: target(c), signed: c.Signed, variables: document["Version"] == "2012-10-17", action: InvokeService + ":Invoke", principal: caller}
	e.resource = e.covers
	return e.judge(document)
}

func (e *evaluation) judge(doc map[string]any) Judgement {
	allow, deny := no, no
	for _, s := range oneOrMore(doc["Statement"]) {
		effect, applies := e.statement(s)
		switch effect {
		case "Allow":
			allow = or(allow, applies)
		case "Deny":
			deny = or(deny, applies)
		case "": // either
			allow, deny = or(allow, applies), or(deny, applies)
		}
	}
	switch {
	case deny.is == yes.is:
		return Judgement{Access: Denied}
	case allow.is == no.is:
		return Judgement{Access: NotAllowed, MayDeny: deny.is != no.is}
	case allow.is == yes.is && deny.is == no.is:
		return Judgement{Access: Passes}
	}
	out := judgement(Depends, and(or(allow, no), or(deny, no).not()))
	out.MayDeny = deny.is != no.is
	return out
}

// parsed returns the document that a text is, its unknown parts where they stand, and document itself if it is none.
func parsed(document any) any {
	var text strings.Builder
	var unknown []any
	for _, p := range flatten(document) {
		if p.unknown != nil {
			fmt.Fprintf(&text, "\ue000%d\ue001", len(unknown)) // of private use
			unknown = append(unknown, p.unknown)
		}
		text.WriteString(p.text)
	}
	var doc any
	if json.Unmarshal([]byte(text.String()), &doc) != nil {
		return document
	}
	readable := true
	var restored func(v any) any
	restored = func(v any) any {
		switch x := v.(type) {
		case []any:
			for i := range x {
				x[i] = restored(x[i])
			}
		case map[string]any:
			for k := range x {
				x[k] = restored(x[k])
				readable = readable && !mark.MatchString(k)
			}
		case string:
			var parts []any
			end := 0
			for _, at := range mark.FindAllStringSubmatchIndex(x, -1) {
				n, _ := strconv.Atoi(x[at[2]:at[3]])
				parts = append(parts, x[end:at[0]], unknown[n])
				end = at[1]
			}
			if parts != nil {
				return map[string]any{"Fn::Join": []any{"", append(parts, x[end:])}}
			}
		}
		return v
	}
	if doc = restored(doc); !readable {
		return document
	}
	return doc
}

// mark finds what stands for an unknown part of a text.
var mark = regexp.MustCompile("\ue000([0-9]+)\ue001")

func judgement(a Access, t truth) Judgement {
	return Judgement{Access: a, Keys: sorted(t.keys), Unread: sorted(t.unread)}
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// A truth is no, yes, or unknown with what it depends on.
type truth struct {
	is           int // -1, 1, or 0 for unknown
	keys, unread []string
}

var no, yes = truth{is: -1}, truth{is: 1}

func known(is bool) truth {
	if is {
		return yes
	}
	return no
}

func unread(v any) truth      { return truth{unread: []string{nameOf(v)}} }
func onKey(name string) truth { return truth{keys: []string{name}} }
func and(list ...truth) truth { return decided(-1, list) }
func or(list ...truth) truth  { return decided(1, list) }

func (t truth) not() truth {
	t.is = -t.is
	return t
}

// decided returns the value of a conjunction, where one truth of -1 decides, or of a disjunction, where one of 1 does.
func decided(by int, list []truth) truth {
	out := truth{is: -by}
	for _, t := range list {
		switch t.is {
		case by:
			return truth{is: by}
		case 0:
			out.is = 0
			out.keys, out.unread = append(out.keys, t.keys...), append(out.unread, t.unread...)
		}
	}
	return out
}

// An evaluation is of one policy and one call.
type evaluation struct {
	target    []token
	variables bool // the policy's version has policy variables
	signed    bool // see [Call]
	action    string
	own       map[string]string // the values of condition keys that are known, by name in lower case; empty for one that is absent
	principal func(any) truth
	resource  func(any) truth
}

// statement returns a statement's effect, "" if it is not known, and whether the statement applies.
func (e *evaluation) statement(v any) (effect string, applies truth) {
	s, ok := v.(map[string]any)
	if !ok || isIntrinsic(s) {
		return "", unread(v)
	}
	effect, ok = s["Effect"].(string)
	unknown := yes
	switch {
	case !ok && s["Effect"] != nil:
		unknown = unread(s["Effect"])
	case effect == "":
		effect = "none"
	}
	return effect, and(
		unknown,
		element(s, "Principal", e.principal),
		element(s, "Action", e.invokes),
		element(s, "Resource", e.resource),
		e.condition(s["Condition"]),
	)
}

// element reports whether an element of a statement, or its negation, names the call. API Gateway takes no statement that
// has neither.
func element(statement map[string]any, name string, names func(any) truth) truth {
	if not, ok := statement["Not"+name]; ok {
		return names(not).not()
	}
	return names(statement[name])
}

// names reports whether a principal is everybody, who has no credentials included. * for AWS is the same as *
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous). Whose
// credentials a signed request carries is not known.
func (e *evaluation) names(principal any) truth {
	if m, ok := principal.(map[string]any); ok && !isIntrinsic(m) {
		principal = m["AWS"]
	}
	out := no
	for _, p := range oneOrMore(principal) {
		literal, unknown := "", []any(nil)
		for _, part := range flatten(p) {
			if part.unknown != nil {
				unknown = append(unknown, part.unknown)
			}
			literal += part.text
		}
		switch {
		case len(unknown) == 0:
			out = or(out, known(literal == "*"))
			if e.signed && literal != "*" {
				out = or(out, onKey("aws:PrincipalArn"))
			}
		case literal == "" && !slices.ContainsFunc(unknown, isAttribute):
			out = or(out, unread(p))
		case e.signed: // with text around it, or as an attribute of a resource, it is the name of somebody
			out = or(out, onKey("aws:PrincipalArn"))
		}
	}
	return out
}

func isAttribute(v any) bool {
	m, _ := v.(map[string]any)
	return m["Fn::GetAtt"] != nil
}

// invokes reports whether actions include that of the call. Actions have no case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html).
func (e *evaluation) invokes(actions any) truth {
	action := literal(strings.ToLower(e.action))
	out := no
	for _, a := range oneOrMore(actions) {
		pattern, ok := e.pattern(a)
		for i := range pattern {
			if pattern[i].kind == char {
				pattern[i].text = strings.ToLower(pattern[i].text)
			}
		}
		out = or(out, and(known(ok), match(pattern, action)))
	}
	return out
}

// covers reports whether resources include the call.
func (e *evaluation) covers(resources any) truth {
	out := no
	for _, r := range oneOrMore(resources) {
		pattern, ok := e.pattern(r)
		out = or(out, and(known(ok), match(arn(pattern), e.target)))
	}
	return out
}

// condition evaluates a Condition: every operator and every key in it must hold
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html).
func (e *evaluation) condition(v any) truth {
	if v == nil {
		return yes
	}
	operators, ok := v.(map[string]any)
	if !ok || isIntrinsic(operators) {
		return unread(v)
	}
	out := yes
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		keys, ok := operators[name].(map[string]any)
		if !ok || isIntrinsic(keys) {
			out = and(out, unread(operators[name]))
			continue
		}
		op := operatorOf(name, e.signed)
		op.own = e.own
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			out = and(out, op.holds(key, keys[key]))
		}
	}
	return out
}

func oneOrMore(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}
