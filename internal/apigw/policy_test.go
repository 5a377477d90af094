package apigw

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Where the cases are from.
const (
	iam        = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	logic      = iam + "reference_policies_evaluation-logic.html"
	principals = iam + "reference_policies_elements_principal.html"
	notPrinc   = iam + "reference_policies_elements_notprincipal.html"
	action     = iam + "reference_policies_elements_action.html"
	notAction  = iam + "reference_policies_elements_notaction.html"
	resource   = iam + "reference_policies_elements_resource.html"
	notRes     = iam + "reference_policies_elements_notresource.html"
	operators  = iam + "reference_policies_elements_condition_operators.html"
	combining  = iam + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
	multivalue = iam + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
	keys       = iam + "reference_policies_condition-keys.html"
	variables  = iam + "reference_policies_variables.html"
	grammar    = iam + "reference_policies_grammar.html"
	gateway    = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
	flow       = gateway + "apigateway-authorization-flow.html"
	examples   = gateway + "apigateway-resource-policies-examples.html"
	gatewayKey = gateway + "apigateway-resource-policies-aws-condition-keys.html"
	format     = gateway + "api-gateway-control-access-using-iam-policies-to-invoke-api.html"
	cfn        = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html"
)

const (
	open     = `{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}`
	everyone = `"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"`
)

// deny is an open policy that denies everybody under a condition.
func deny(condition string) string {
	return open + `, {"Effect": "Deny", ` + everyone + `, "Condition": ` + condition + `}`
}

// allow allows everybody under a condition.
func allow(condition string) string {
	return `{"Effect": "Allow", ` + everyone + `, "Condition": ` + condition + `}`
}

// allowOf allows with one element in place of the open policy's.
func allowOf(element, value string) string {
	members := map[string]string{"Principal": `"*"`, "Action": `"execute-api:Invoke"`, "Resource": `"execute-api:/*"`}
	delete(members, strings.TrimPrefix(element, "Not"))
	members[element] = value
	var b strings.Builder
	b.WriteString(`{"Effect": "Allow"`)
	for _, k := range []string{"Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"} {
		if v, ok := members[k]; ok {
			fmt.Fprintf(&b, ", %q: %s", k, v)
		}
	}
	return b.String() + "}"
}

// denyOf is an open policy with a Deny that has one element in place of the open policy's.
func denyOf(element, value string) string {
	return open + ", " + strings.Replace(allowOf(element, value), "Allow", "Deny", 1)
}

// policyCases are about OPTIONS /items on the stage prod.
var policyCases = []struct {
	source, name, statements string
	want                     Access
	on                       string // of Depends
}{
	// Statements together.
	{logic, "everybody is allowed", open, Passes, ""},
	{logic, "no statement: implicit deny", ``, NotAllowed, ""},
	{logic, "an explicit Deny wins, in front", `{"Effect": "Deny", ` + everyone + `}, ` + open, Denied, ""},
	{logic, "an explicit Deny wins, behind", open + `, {"Effect": "Deny", ` + everyone + `}`, Denied, ""},
	{logic, "a Deny alone", `{"Effect": "Deny", ` + everyone + `}`, Denied, ""},
	{logic, "one Allow of several is enough", allowOf("Principal", `{"AWS": "111122223333"}`) + ", " + open, Passes, ""},
	{grammar, "an effect has capitals", strings.Replace(open, "Allow", "allow", 1), NotAllowed, ""},
	{flow, "an account's Allow lets nobody anonymous in", allowOf("Principal", `{"AWS": "arn:aws:iam::111122223333:root"}`), NotAllowed, ""},

	// Principals.
	{principals, "AWS: * is everybody", allowOf("Principal", `{"AWS": "*"}`), Passes, ""},
	{principals, "* in a list", allowOf("Principal", `{"AWS": ["arn:aws:iam::111122223333:root", "*"]}`), Passes, ""},
	{principals, "a service", allowOf("Principal", `{"Service": "apigateway.amazonaws.com"}`), NotAllowed, ""},
	{principals, "a federated principal", allowOf("Principal", `{"Federated": "*"}`), NotAllowed, ""},
	{principals, "a wildcard is no part of an ARN", allowOf("Principal", `{"AWS": "arn:aws:iam::111122223333:*"}`), NotAllowed, ""},
	{principals, "a Deny for an account", denyOf("Principal", `{"AWS": "111122223333"}`), Passes, ""},
	{notPrinc, "a Deny for all but a role", denyOf("NotPrincipal", `{"AWS": "arn:aws:iam::111122223333:role/app"}`), Denied, ""},
	{notPrinc, "a Deny for all but everybody", denyOf("NotPrincipal", `"*"`), Passes, ""},
	{notPrinc, "an Allow for all but a user has the anonymous in it", allowOf("NotPrincipal", `{"AWS": "arn:aws:iam::111122223333:user/x"}`), Passes, ""},
	{grammar, "a statement without a principal", `{"Effect": "Allow", "Action": "*", "Resource": "*"}`, NotAllowed, ""},

	// Actions.
	{action, "any action", allowOf("Action", `"*"`), Passes, ""},
	{action, "any of the service", allowOf("Action", `"execute-api:*"`), Passes, ""},
	{action, "a part of a name (the issue's)", allowOf("Action", `"execute-api:Inv*"`), Passes, ""},
	{action, "? is one character", allowOf("Action", `"execute-api:Invok?"`), Passes, ""},
	{action, "? is not two characters", allowOf("Action", `"execute-api:Invo?"`), NotAllowed, ""},
	{action, "actions have no case", allowOf("Action", `"EXECUTE-API:invoke"`), Passes, ""},
	{action, "a list", allowOf("Action", `["execute-api:ManageConnections", "execute-api:Invoke"]`), Passes, ""},
	{action, "another action", allowOf("Action", `"execute-api:InvalidateCache"`), NotAllowed, ""},
	{action, "another service", allowOf("Action", `"s3:*"`), NotAllowed, ""},
	{notAction, "a Deny of all but another action (the issue's)", denyOf("NotAction", `"execute-api:ManageConnections"`), Denied, ""},
	{notAction, "a Deny of all but invoking", denyOf("NotAction", `["execute-api:Invoke"]`), Passes, ""},
	{notAction, "an Allow of all but a pattern", allowOf("NotAction", `"execute-api:I*"`), NotAllowed, ""},

	// Resources.
	{resource, "everything", allowOf("Resource", `"*"`), Passes, ""},
	{examples, "the short form with a method", allowOf("Resource", `"execute-api:/*/OPTIONS/*"`), Passes, ""},
	{examples, "the short form with the stage", allowOf("Resource", `"execute-api:/prod/*"`), Passes, ""},
	{examples, "another stage", allowOf("Resource", `"execute-api:/test/*"`), NotAllowed, ""},
	{examples, "another method", allowOf("Resource", `"execute-api:/*/GET/*"`), NotAllowed, ""},
	{examples, "another path", allowOf("Resource", `"execute-api:/*/*/pets"`), NotAllowed, ""},
	{examples, "the path", allowOf("Resource", `"execute-api:/prod/OPTIONS/items"`), Passes, ""},
	{format, "the whole ARN", allowOf("Resource", `"arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/OPTIONS/items"`), Passes, ""},
	{format, "an ARN with wildcards", allowOf("Resource", `"arn:aws:execute-api:*:*:*/*/OPTIONS/*"`), Passes, ""},
	{format, "an ARN of another method", allowOf("Resource", `"arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET/*"`), NotAllowed, ""},
	{format, "an ARN with a part too many", allowOf("Resource", `"arn:aws:execute-api:eu-west-1:111122223333:x:abc123/prod/OPTIONS/*"`), NotAllowed, ""},
	{format, "an ARN of another service", allowOf("Resource", `"arn:aws:s3:::bucket/*"`), NotAllowed, ""},
	{resource, "* reaches over slashes", allowOf("Resource", `"execute-api:/*items"`), Passes, ""},
	{resource, "? in a path", allowOf("Resource", `"execute-api:/prod/OPTIONS/item?"`), Passes, ""},
	{resource, "a resource has its case", allowOf("Resource", `"execute-api:/prod/options/items"`), NotAllowed, ""},
	{resource, "a list", allowOf("Resource", `["execute-api:/*/GET/*", "execute-api:/*/OPTIONS/*"]`), Passes, ""},
	{notRes, "a Deny of all but OPTIONS", denyOf("NotResource", `"execute-api:/*/OPTIONS/*"`), Passes, ""},
	{notRes, "a Deny of all but GET", denyOf("NotResource", `"execute-api:/*/GET/*"`), Denied, ""},

	// Conditions on keys that a request without credentials does not have.
	{operators, "a positive operator is false (Allow)", allow(`{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}`), NotAllowed, ""},
	{operators, "a positive operator is false (Deny)", deny(`{"StringLike": {"aws:PrincipalArn": "*"}}`), Passes, ""},
	{operators, "StringNotEquals is true (the issue's)", deny(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}`), Denied, ""},
	{operators, "StringNotLike is true", deny(`{"StringNotLike": {"aws:userid": "AROA*"}}`), Denied, ""},
	{operators, "StringNotEqualsIgnoreCase is true", deny(`{"StringNotEqualsIgnoreCase": {"aws:username": "x"}}`), Denied, ""},
	{operators, "ArnNotLike is true", deny(`{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`), Denied, ""},
	{operators, "ArnNotEquals is true", deny(`{"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x"}}`), Denied, ""},
	{operators, "NumericNotEquals is true", deny(`{"NumericNotEquals": {"aws:MultiFactorAuthAge": "3"}}`), Denied, ""},
	{operators, "NumericLessThan is false", allow(`{"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}`), NotAllowed, ""},
	{operators, "DateGreaterThan is false", allow(`{"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}`), NotAllowed, ""},
	{operators, "Bool is false", deny(`{"Bool": {"aws:MultiFactorAuthPresent": "false"}}`), Passes, ""},
	{operators, "BoolIfExists is true", deny(`{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`), Denied, ""},
	{operators, "StringEqualsIfExists is true", allow(`{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}`), Passes, ""},
	{operators, "StringNotEqualsIfExists is true", deny(`{"StringNotEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}`), Denied, ""},
	{operators, "Null: true, it is missing", deny(`{"Null": {"aws:PrincipalArn": "true"}}`), Denied, ""},
	{operators, "Null: false, it is missing", allow(`{"Null": {"aws:PrincipalArn": false}}`), NotAllowed, ""},
	{operators, "Null beside IfExists", allow(`{"Null": {"aws:PrincipalArn": "false"}, "StringEqualsIfExists": {"aws:PrincipalArn": "x"}}`), NotAllowed, ""},
	{multivalue, "ForAllValues is true", allow(`{"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}`), Passes, ""},
	{multivalue, "ForAnyValue is false", allow(`{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}`), NotAllowed, ""},
	{multivalue, "ForAnyValue is false, negated too", deny(`{"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-1/*"}}`), Passes, ""},
	{multivalue, "ForAnyValue with IfExists is not documented", deny(`{"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": "o-1/*"}}`), Depends, "the condition operator ForAnyValue:StringLikeIfExists"},
	{keys, "keys have no case", deny(`{"StringNotEquals": {"AWS:principalORGid": "o-1"}}`), Denied, ""},
	{keys, "a tag of the principal", deny(`{"StringNotEquals": {"aws:PrincipalTag/team": "web"}}`), Denied, ""},
	{keys, "an AWS service's call", allow(`{"Bool": {"aws:PrincipalIsAWSService": "true"}}`), NotAllowed, ""},
	{keys, "the account of a service's resource", deny(`{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}`), Denied, ""},
	{keys, "the caller's type is told differently", allow(`{"StringEquals": {"aws:PrincipalType": "Anonymous"}}`), Depends, "aws:PrincipalType"},
	{combining, "all operators must hold", deny(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "StringEquals": {"aws:PrincipalAccount": "1"}}`), Passes, ""},
	{combining, "all keys must hold", deny(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": "1"}}`), Denied, ""},
	{combining, "one false operator decides whatever an address is", deny(`{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "StringEquals": {"aws:PrincipalAccount": "1"}}`), Passes, ""},
	{combining, "an empty condition", allow(`{}`), Passes, ""},

	// Keys that it has.
	{gatewayKey, "an address, allowed", allow(`{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}`), Depends, "aws:SourceIp"},
	{examples, "an address, denied", deny(`{"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}`), Depends, "aws:SourceIp"},
	{examples, "a VPC endpoint", deny(`{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}`), Depends, "aws:SourceVpce"},
	{examples, "a VPC", deny(`{"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}`), Depends, "aws:SourceVpc"},
	{gatewayKey, "two keys, sorted", deny(`{"StringNotEquals": {"aws:UserAgent": "x", "aws:Referer": "y"}}`), Depends, "aws:Referer aws:UserAgent"},
	{gatewayKey, "the time", deny(`{"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}`), Depends, "aws:CurrentTime"},
	{operators, "Null of the time", deny(`{"Null": {"aws:CurrentTime": "true"}}`), Passes, ""},
	{operators, "Null of the endpoint", deny(`{"Null": {"aws:SourceVpce": "true"}}`), Depends, "aws:SourceVpce"},
	{gatewayKey, "there is no HTTP endpoint", deny(`{"Bool": {"aws:SecureTransport": "false"}}`), Passes, ""},
	{gatewayKey, "HTTPS, as a boolean", allow(`{"Bool": {"aws:SecureTransport": true}}`), Passes, ""},
	{gatewayKey, "HTTPS, as a text", deny(`{"StringNotEquals": {"aws:SecureTransport": "true"}}`), Passes, ""},
	{logic, "a refusal by default does not depend on a Deny's address", `{"Effect": "Deny", ` + everyone + `, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.1"}}}`, NotAllowed, ""},
	{logic, "a Deny does not depend on an Allow's address", allow(`{"IpAddress": {"aws:SourceIp": "192.0.2.1"}}`) + `, {"Effect": "Deny", ` + everyone + `}`, Denied, ""},
	{operators, "an operator that there is not", deny(`{"StringIs": {"aws:PrincipalArn": "x"}}`), Depends, "the condition operator StringIs"},

	// Policy variables.
	{variables, "a variable without a value names nothing", allowOf("Resource", `"execute-api:/*/*/${aws:username}"`), NotAllowed, ""},
	{variables, "a default", allowOf("Resource", `"execute-api:/*/*/${aws:username, 'items'}"`), Passes, ""},
	{variables, "a wildcard that is a character", allowOf("Resource", `"execute-api:/${*}"`), NotAllowed, ""},
	{variables, "a variable that has a value", allowOf("Resource", `"execute-api:/*/*/${aws:UserAgent}"`), Depends, "aws:UserAgent"},

	// Values that deployment decides.
	{cfn, "an ARN of the deployment", allowOf("Resource", `{"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/OPTIONS/*"}`), Passes, ""},
	{cfn, "what is literal in one", allowOf("Resource", `{"Fn::Join": ["", ["arn:aws:execute-api:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":*/*/GET/*"]]}`), NotAllowed, ""},
	{cfn, "without an API id", allowOf("Resource", `{"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*"}`), Passes, ""},
	{cfn, "a stage by parameter", allowOf("Resource", `{"Fn::Sub": "execute-api:/${Stage}/OPTIONS/*"}`), Depends, "Stage"},
	{cfn, "a stage by parameter, another method", allowOf("Resource", `{"Fn::Sub": "execute-api:/${Stage}/GET/*"}`), NotAllowed, ""},
	{cfn, "a substitution's own variable", allowOf("Resource", `{"Fn::Sub": ["execute-api:/${S}/OPTIONS/*", {"S": "prod"}]}`), Passes, ""},
	{cfn, "a resource by parameter", denyOf("Resource", `{"Ref": "What"}`), Depends, "What"},
	{cfn, "a role is somebody", allowOf("Principal", `{"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}`), NotAllowed, ""},
	{cfn, "an account is somebody", denyOf("Principal", `{"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}`), Passes, ""},
	{cfn, "a principal by parameter", allowOf("Principal", `{"AWS": {"Ref": "Who"}}`), Depends, "Who"},
	{cfn, "a principal that is not known", denyOf("Principal", `{"Fn::ImportValue": "who"}`), Depends, "Fn::ImportValue who"},
	{cfn, "a statement by condition", open + `, {"Fn::If": ["Closed", {"Effect": "Deny", ` + everyone + `}, {"Ref": "AWS::NoValue"}]}`, Depends, "Fn::If Closed"},
	{cfn, "an effect by parameter", strings.Replace(open, `"Allow"`, `{"Ref": "Effect"}`, 1), Depends, "Effect"},
	{cfn, "a condition by parameter", allow(`{"Fn::If": ["Closed", {}, {}]}`), Depends, "Fn::If Closed"},
	{cfn, "a value that does not matter", deny(`{"StringNotEquals": {"aws:PrincipalOrgID": {"Ref": "Org"}}}`), Denied, ""},
	{cfn, "a value that matters", deny(`{"Bool": {"aws:SecureTransport": {"Ref": "Secure"}}}`), Depends, "Secure"},
}

func TestJudgePolicy(t *testing.T) {
	if len(policyCases) < 60 {
		t.Errorf("%d cases, want at least 60", len(policyCases))
	}
	for _, tt := range policyCases {
		text := `{"Version": "2012-10-17", "Statement": [` + tt.statements + `]}`
		call := Call{Stage: "prod", Method: "OPTIONS", Path: "/items"}
		check(t, tt.name+" ("+tt.source+")", JudgePolicy(read(t, text), call), tt.want, tt.on)
		check(t, tt.name+", as text", JudgePolicy(text, call), tt.want, tt.on)
	}
}

func read(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func check(t *testing.T, name string, got Judgement, want Access, on string) {
	t.Helper()
	if names := strings.Join(slices.Concat(got.Keys, got.Unread), " "); got.Access != want || names != on {
		t.Errorf("%s: got %v %q, want %v %q", name, got.Access, names, want, on)
	}
}

// A late is a value that is not plain data.
type late string

func (l late) String() string { return string(l) }

func TestJudgePolicyDocuments(t *testing.T) {
	var nilMap map[string]any
	statement := func(change func(s map[string]any)) any {
		s := read(t, open).(map[string]any)
		change(s)
		return map[string]any{"Version": "2012-10-17", "Statement": s}
	}
	call := Call{Stage: "prod", Method: "OPTIONS", Path: "/items/1"}
	for _, tt := range []struct {
		name     string
		document any
		call     Call
		want     Access
		on       string
	}{
		{"no policy", nil, call, Passes, ""},
		{"no policy, typed", nilMap, call, Passes, ""},
		{"an empty text", "", call, Passes, ""},
		{"an empty object", map[string]any{}, call, Passes, ""},
		{"one statement", statement(func(map[string]any) {}), call, Passes, ""},
		{"a text with unknown parts", map[string]any{"Fn::Sub": `{"Version": "2012-10-17", "Statement": [` + allowOf("Resource", `"arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*/${Stage}/OPTIONS/*"`) + `]}`}, call, Depends, "Stage"},
		{"a text with unknown parts that do not matter", map[string]any{"Fn::Sub": `{"Statement": [` + allowOf("Resource", `"arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*/*/OPTIONS/*"`) + `]}`}, call, Passes, ""},
		{"a text with an unknown key", map[string]any{"Fn::Sub": `{"Statement": [` + allow(`{"StringEquals": {"${Key}": "x"}}`) + `]}`}, call, Depends, "Fn::Sub"},
		{"a text that is a policy only later", map[string]any{"Fn::Sub": `{"Statement": ${All}}`}, call, Depends, "Fn::Sub"},
		{"no object", "closed", call, Depends, "a part that is not a policy's"},
		{"an intrinsic function", map[string]any{"Ref": "Policy"}, call, Depends, "Policy"},
		{"not known", late("Policy.Text"), call, Depends, "Policy.Text"},
		{"statements that are not known", map[string]any{"Statement": late("All")}, call, Depends, "All"},
		{"a resource that is not known", statement(func(s map[string]any) { s["Resource"] = late("Where") }), call, Depends, "Where"},
		{"a resource partly known", statement(func(s map[string]any) {
			s["Resource"] = map[string]any{"Fn::Join": []any{"/", []any{late("Before"), "*", "GET", "*"}}}
		}), call, NotAllowed, ""},
		{"a variable in a policy of the first version", map[string]any{"Statement": []any{read(t, allowOf("Resource", `"execute-api:/*/*/${aws:UserAgent}"`))}}, call, NotAllowed, ""},
		{"a stage that is not known", statement(func(s map[string]any) { s["Resource"] = "execute-api:/prod/OPTIONS/*" }), Call{Method: "OPTIONS", Path: "/"}, Depends, "the stage's name"},
		{"any stage", statement(func(s map[string]any) { s["Resource"] = "execute-api:/*/OPTIONS/*" }), Call{Method: "OPTIONS", Path: "/"}, Passes, ""},
		{"another path, whatever the stage", statement(func(s map[string]any) { s["Resource"] = "execute-api:/prod/OPTIONS/a" }), Call{Method: "OPTIONS", Path: "/b"}, NotAllowed, ""},
		{"a path of two parts", statement(func(s map[string]any) { s["Resource"] = "execute-api:/prod/OPTIONS/items/*" }), call, Passes, ""},
		{"an ARN with or without the stage", statement(func(s map[string]any) { s["Resource"] = map[string]any{"Fn::Sub": "${Arn}/GET/*"} }), Call{Stage: "prod", Method: "OPTIONS", Path: "/a/GET/b"}, Depends, "Arn"},
		{"the root", statement(func(s map[string]any) { s["Resource"] = "execute-api:/prod/OPTIONS/" }), Call{Stage: "prod", Method: "OPTIONS", Path: "/"}, Passes, ""},
	} {
		check(t, tt.name, JudgePolicy(tt.document, tt.call), tt.want, tt.on)
	}
}

// TestJudgeFunctionURL holds whether a function's policy lets everybody call its URL.
func TestJudgeFunctionURL(t *testing.T) {
	const docs = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
	all := func(more string) string {
		return `{"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "arn:aws:lambda:eu-west-1:111111111111:function:shop"` + more + `}`
	}
	under := func(condition string) string { return all(`, "Condition": ` + condition) }
	denied := strings.NewReplacer(`"Allow"`, `"Deny"`)
	for _, tt := range []struct {
		name, statements string
		want             Access
		on               string
	}{
		{"nothing", "", NotAllowed, ""},
		{"everybody", all(""), Passes, ""},
		{"everybody, under the condition of the console", under(`{"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}`), Passes, ""},
		{"who signs", under(`{"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}`), NotAllowed, ""},
		{"who does not sign", under(`{"StringNotEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}`), Passes, ""},
		{"by way of a URL", under(`{"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}`), Passes, ""},
		{"not by way of a URL", under(`{"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}`), NotAllowed, ""},
		{"a source", under(`{"ArnLike": {"AWS:SourceArn": "arn:aws:sns:*:*:*"}}`), NotAllowed, ""},
		{"an account's source", under(`{"StringEquals": {"aws:SourceAccount": "111111111111"}}`), NotAllowed, ""},
		{"an organization", under(`{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), NotAllowed, ""},
		{"an address", under(`{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), Depends, "aws:SourceIp"},
		{"a pattern", under(`{"StringLike": {"lambda:FunctionUrlAuthType": "N*"}}`), Depends, "lambda:FunctionUrlAuthType"},
		{"somebody", strings.Replace(all(""), `"*"`, `{"AWS": "arn:aws:iam::111111111111:root"}`, 1), NotAllowed, ""},
		{"a service", strings.Replace(all(""), `"*"`, `{"Service": "sns.amazonaws.com"}`, 1), NotAllowed, ""},
		{"another action", strings.Replace(all(""), "InvokeFunctionUrl", "InvokeFunction", 1), NotAllowed, ""},
		{"all actions", strings.Replace(all(""), "InvokeFunctionUrl", "*", 1), Passes, ""},
		{"everybody denied", all("") + ", " + denied.Replace(all("")), Denied, ""},
		{"others denied", all("") + ", " + denied.Replace(under(`{"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}`)), Depends, "aws:SourceVpc"},
	} {
		check(t, tt.name+" ("+docs+")", JudgeFunctionURL(`{"Version": "2012-10-17", "Statement": [`+tt.statements+`]}`, "lambda:InvokeFunctionUrl"), tt.want, tt.on)
	}
	check(t, "no policy", JudgeFunctionURL("", "lambda:InvokeFunctionUrl"), NotAllowed, "")
	check(t, "no JSON", JudgeFunctionURL("{", "lambda:InvokeFunctionUrl"), Depends, "the text of the policy, which is not a JSON object")
}
