package apigw

import (
	"slices"
	"strings"
)

// An operator is a condition operator
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
type operator struct {
	name     string // as it stands in the policy
	base     string // without what is before and behind it
	set      string // ForAllValues, ForAnyValue, or ""
	ifExists bool
	signed   bool
	own      map[string]string // see [evaluation]
}

// negated says of each operator whether it holds where the key does not match.
var negated = map[string]bool{
	"StringEquals": false, "StringNotEquals": true, "StringEqualsIgnoreCase": false, "StringNotEqualsIgnoreCase": true,
	"StringLike": false, "StringNotLike": true,
	"NumericEquals": false, "NumericNotEquals": true, "NumericLessThan": false, "NumericLessThanEquals": false,
	"NumericGreaterThan": false, "NumericGreaterThanEquals": false,
	"DateEquals": false, "DateNotEquals": true, "DateLessThan": false, "DateLessThanEquals": false,
	"DateGreaterThan": false, "DateGreaterThanEquals": false,
	"Bool": false, "BinaryEquals": false, "IpAddress": false, "NotIpAddress": true,
	"ArnEquals": false, "ArnNotEquals": true, "ArnLike": false, "ArnNotLike": true,
}

func operatorOf(name string, signed bool) operator {
	op := operator{name: name, base: name, signed: signed}
	if set, rest, ok := strings.Cut(name, ":"); ok {
		op.set, op.base = set, rest
	}
	if op.base != "Null" {
		op.base, op.ifExists = strings.CutSuffix(op.base, "IfExists")
	}
	return op
}

// A presence says whether a request without credentials has a condition key.
type presence int

const (
	absent  presence = iota
	maybe            // it has it, or may have it, and the value is not known
	present          // it has it, and the value is not known
	has              // it has it, and the value is known: of those of API Gateway, true
)

// presenceOf knows the keys of the table in
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html and the
// global ones (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html). Of
// aws:PrincipalType the two say different things; aws:SourceArn is listed for all requests. Keys have no case.
func presenceOf(key string) presence {
	key = strings.ToLower(key)
	switch key {
	case "aws:securetransport":
		return has // API Gateway speaks HTTPS only: https://aws.amazon.com/api-gateway/faqs/
	case "aws:currenttime", "aws:epochtime":
		return present
	case "aws:principaltype":
		return maybe
	}
	provider, _, _ := strings.Cut(key, ":")
	switch provider {
	case "sts", "saml", "cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com":
		return absent // a role's session has them
	}
	if slices.ContainsFunc(signed, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
		return absent
	}
	return maybe
}

// signed are the beginnings of keys that only a request with credentials, or one that an AWS service makes, has.
var signed = []string{
	"aws:principal", "aws:userid", "aws:username", "aws:tokenissuetime", "aws:multifactorauth", "aws:federatedprovider",
	"aws:sourceidentity", "aws:assumedroot", "aws:signinsessionarn", "aws:chatbotsourcearn", "aws:calledvia",
	"aws:sourceaccount", "aws:sourceorg", "aws:ec2instancesource", "aws:requesttag/", "aws:tagkeys",
}

// holds evaluates the operator for one key. If a request does not have the key, an operator that compares does not hold, and
// its negation does.
func (op operator) holds(key string, values any) truth {
	not, isKnown := negated[op.base]
	validSet := op.set == "" || op.set == "ForAllValues" || op.set == "ForAnyValue"
	if !isKnown && op.base != "Null" || !validSet || op.base == "Null" && op.set != "" {
		return truth{unread: []string{"the condition operator " + op.name}}
	}
	there, value := presenceOf(key), "true"
	if there == absent && op.signed {
		there = maybe
	}
	if own, known := op.own[strings.ToLower(key)]; known {
		if there, value = has, own; own == "" {
			there = absent
		}
	}
	if op.base == "Null" {
		switch there {
		case absent:
			return isText(values, "true")
		case maybe:
			return onKey(key)
		}
		return isText(values, "false")
	}
	switch there {
	case absent:
		switch {
		case op.set == "ForAllValues":
			return yes
		case op.set == "ForAnyValue" && op.ifExists:
			return truth{unread: []string{"the condition operator " + op.name}} // the documentation does not say
		case op.set == "ForAnyValue":
			return no
		}
		return known(op.ifExists || not)
	case has:
		switch op.base {
		case "Bool", "StringEquals", "StringEqualsIgnoreCase":
			return isText(values, value)
		case "StringNotEquals", "StringNotEqualsIgnoreCase":
			return isText(values, value).not()
		}
	}
	return onKey(key)
}

// isText reports whether one of values is a text, in whichever case.
func isText(values any, text string) truth {
	out := no
	for _, v := range oneOrMore(values) {
		parts := flatten(v)
		if len(parts) == 1 && parts[0].unknown == nil {
			out = or(out, known(strings.EqualFold(parts[0].text, text)))
		} else {
			out = or(out, unread(v))
		}
	}
	return out
}
