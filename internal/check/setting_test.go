package check

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

func settingsText(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/settings.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSettingFaults holds that each single fault of an HTTP API or a function URL is found by its rule, and by no other.
func TestSettingFaults(t *testing.T) {
	base := tree(t, settingsText(t))
	if got := listing(checkTree(t, base)); got != "" {
		t.Fatalf("the clean template:\n%s", got)
	}
	if len(faults.OfSettings) < 40 {
		t.Errorf("%d faults", len(faults.OfSettings))
	}
	for _, f := range faults.OfSettings {
		t.Run(f.Name, func(t *testing.T) {
			rep := checkTree(t, faults.Merge(base, tree(t, f.Change)))
			if got := ids(rep); got[f.Rule] == 0 || len(got) != 1 || len(rep.Crashed)+len(rep.NotJudged) > 0 {
				t.Errorf("want %s alone:\n%s", f.Rule, listing(rep))
			}
		})
	}
}

// settingsInSAM is settings.yaml as SAM has it: the API and the URL are SAM's.
func settingsInSAM(t *testing.T, root object) (object, bool) {
	resources := maps.Clone(root["Resources"].(object))
	property := func(id string) object {
		r, _ := resources[id].(object)
		p, _ := r["Properties"].(object)
		return p
	}
	event := func(method, path string, auth any) object {
		p := object{"ApiId": object{"Ref": "Web"}, "Method": method, "Path": path}
		if auth != nil {
			p["Auth"] = object{"Authorizer": auth}
		}
		return object{"Type": "HttpApi", "Properties": p}
	}
	events := object{}
	for _, id := range []string{"List", "Put", "Own", "O", "D"} {
		p := property(id)
		if p == nil {
			continue
		}
		key, _ := p["RouteKey"].(string)
		method, path, _ := strings.Cut(key, " ")
		if key == "$default" {
			return nil, false
		}
		var auth any
		if a, ok := p["AuthorizerId"].(object); ok {
			auth = a["Ref"]
		} else if p["AuthorizationType"] == "AWS_IAM" {
			auth = "AWS_IAM"
		}
		events[id] = event(method, path, auth)
		delete(resources, id)
	}
	api := object{"Auth": object{"EnableIamAuthorizer": true, "Authorizers": object{
		"Jwt":   object{"IdentitySource": "$request.header.Authorization", "JwtConfiguration": object{"issuer": "https://issuer.example.com", "audience": []any{"a"}}},
		"Token": object{"FunctionArn": object{"Fn::GetAtt": []any{"Fn", "Arn"}}, "AuthorizerPayloadFormatVersion": "2.0", "Identity": object{"Headers": []any{"X-Token"}}},
	}}}
	if c := property("Web")["CorsConfiguration"]; c != nil {
		api["CorsConfiguration"] = c
	}
	function := func(id string, more object) object {
		r := maps.Clone(resources[id].(object))
		p := maps.Clone(r["Properties"].(object))
		code, _ := p["Code"].(object)
		delete(p, "Code")
		p["InlineCode"] = code["ZipFile"]
		maps.Copy(p, more)
		r["Type"], r["Properties"] = "AWS::Serverless::Function", p
		return r
	}
	config := object{"AuthType": property("Url")["AuthType"]}
	if c := property("Url")["Cors"]; c != nil {
		config["Cors"] = c
	}
	resources["Web"] = object{"Type": "AWS::Serverless::HttpApi", "Properties": api}
	resources["Fn"] = function("Fn", object{"Events": events})
	resources["UrlFn"] = function("UrlFn", object{"FunctionUrlConfig": config})
	for _, id := range []string{"Jwt", "Token", "Calls", "Stage", "Url", "May"} {
		delete(resources, id)
	}
	return object{"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}, true
}

// settingsInCDK is a template as the CDK writes it.
func settingsInCDK(root object) object {
	return faults.Merge(root, object{"Rules": object{"CheckBootstrapVersion": object{}}}).(object)
}

// settingsInDocument has the setting and the routes in a document.
func settingsInDocument(root object) (object, bool) {
	resources := maps.Clone(root["Resources"].(object))
	paths := object{}
	for _, id := range []string{"List", "Put", "Own", "O", "D"} {
		r, _ := resources[id].(object)
		p, _ := r["Properties"].(object)
		if p == nil {
			continue
		}
		key, _ := p["RouteKey"].(string)
		method, path, _ := strings.Cut(key, " ")
		if key == "$default" {
			method, path = "ANY", "/$default"
		}
		if method = strings.ToLower(method); method == "any" {
			method = "x-amazon-apigateway-any-method"
		}
		op := object{"x-amazon-apigateway-integration": object{"type": "aws_proxy", "payloadFormatVersion": "2.0", "uri": object{"Fn::GetAtt": []any{"Fn", "Arn"}}}}
		if a, ok := p["AuthorizerId"].(object); ok {
			op["security"] = []any{object{a["Ref"].(string): []any{}}}
		} else if p["AuthorizationType"] == "AWS_IAM" {
			op["security"] = []any{object{"Iam": []any{}}}
		}
		item, _ := paths[path].(object)
		if item == nil {
			item = object{}
			paths[path] = item
		}
		item[method] = op
		delete(resources, id)
	}
	authorizer := func(typ, source string) object {
		return object{"type": "apiKey", "x-amazon-apigateway-authorizer": object{"type": typ, "identitySource": source}}
	}
	body := object{"openapi": "3.0.1", "paths": paths, "components": object{"securitySchemes": object{
		"Jwt": authorizer("jwt", "$request.header.Authorization"), "Token": authorizer("request", "$request.header.X-Token"),
		"Iam": object{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}}}}
	web, _ := resources["Web"].(object)["Properties"].(object)
	if c, _ := web["CorsConfiguration"].(object); c != nil {
		lower := object{}
		for k, v := range c {
			lower[strings.ToLower(k[:1])+k[1:]] = v
		}
		body["x-amazon-apigateway-cors"] = lower
	}
	resources["Web"] = object{"Type": "AWS::ApiGatewayV2::Api", "Properties": object{"Body": body}}
	for _, id := range []string{"Jwt", "Token", "Calls"} {
		delete(resources, id)
	}
	return object{"Resources": resources}, true
}

// overridden does what lines of addPropertyOverride and addPropertyDeletionOverride say.
func overridden(t *testing.T, root object, id, ts string) object {
	t.Helper()
	out := copied(root)
	ts = strings.NewReplacer("(\n  ", "(", ",\n  ", ", ", "\n)", ")").Replace(ts)
	for line := range strings.Lines(ts) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ";")
		if rest, ok := strings.CutPrefix(line, "cfn.addPropertyOverride('"); ok {
			key, value, _ := strings.Cut(strings.TrimSuffix(rest, ")"), "', ")
			part := strings.Split(key, ".")
			at := out["Resources"].(object)[id].(object)["Properties"].(object)
			for _, p := range part[:len(part)-1] {
				if at[p] == nil {
					at[p] = object{}
				}
				at = at[p].(object)
			}
			at[part[len(part)-1]] = tree(t, "v: "+value)["v"]
		} else if rest, ok := strings.CutPrefix(line, "cfn.addPropertyDeletionOverride('"); ok {
			part := strings.Split(strings.TrimSuffix(rest, "')"), ".")
			at := out["Resources"].(object)[id].(object)["Properties"].(object)
			for _, p := range part[:len(part)-1] {
				at = at[p].(object)
			}
			delete(at, part[len(part)-1])
		}
	}
	return out
}

// TestRefusedEntries holds what the fix is for entries that a service does not take: without them, if others are left.
func TestRefusedEntries(t *testing.T) {
	base := tree(t, settingsText(t))
	many := strings.Repeat("'https://app.example.com', ", 101)
	for _, tt := range []struct{ change, text, fix string }{
		{"Web: {Properties: {CorsConfiguration: {AllowOrigins: ['https://app.example.com', 'capacitor://localhost']}}}",
			"capacitor://localhost has the scheme capacitor; an HTTP API takes https and http", "AllowOrigins:\n        - https://app.example.com"},
		{"Web: {Properties: {CorsConfiguration: {AllowOrigins: ['capacitor://localhost', 'ionic://localhost']}}}",
			"ionic://localhost has the scheme ionic; an HTTP API takes https and http", "AllowOrigins:\n        - https://app.example.com"},
		{"Url: {Properties: {Cors: {AllowOrigins: [" + many + "]}}}", "AllowOrigins has 101 entries; a function URL takes 100",
			"# name fewer entries, or remove Cors and let the function respond"},
	} {
		rep := checkTree(t, faults.Merge(base, tree(t, "Resources: {"+tt.change+"}")))
		if len(rep.Findings) != 1 || rep.Findings[0].Rule != rules.CORS811 {
			t.Fatalf("%s:\n%s", tt.text, listing(rep))
		}
		if f := rep.Findings[0]; !strings.Contains(f.Detail, tt.text) || !strings.HasSuffix(strings.TrimSpace(f.Fix.CloudFormation), tt.fix) {
			t.Errorf("%q, fix\n%s", f.Detail, f.Fix.CloudFormation)
		}
	}
}

// TestApplySettings does what the fixes of HTTP APIs and function URLs say, and checks again: nothing of the rule is left, and
// nothing else has come.
func TestApplySettings(t *testing.T) {
	base := tree(t, settingsText(t))
	total, done := 0, map[rules.ID][]string{}
	for _, f := range faults.OfSettings {
		plain := faults.Merge(base, tree(t, f.Change)).(object)
		for _, form := range []string{"CloudFormation", "SAM", "CDK", "OpenAPI"} {
			root, ok := plain, true
			switch form {
			case "SAM":
				root, ok = settingsInSAM(t, plain)
			case "CDK":
				root = settingsInCDK(plain)
			case "OpenAPI":
				root, ok = settingsInDocument(plain)
			}
			if !ok {
				continue
			}
			rep := checkTree(t, root)
			had := ids(rep)
			if had[f.Rule] == 0 { // this form cannot have it
				continue
			}
			after, applied := copied(root), false
			for _, finding := range rep.Findings {
				fix := finding.Fix
				if finding.Rule != f.Rule {
					continue
				}
				switch {
				case fix.SAM != "" && !strings.HasPrefix(fix.SAM, "#"):
					part := tree(t, fix.SAM)
					if part["Globals"] == nil {
						part = object{"Resources": part}
					}
					after, applied = apply(after, part, false).(object), true
				case fix.OpenAPI != "":
					after = apply(after, object{"Resources": object{"Web": object{"Properties": object{"Body": tree(t, fix.OpenAPI)}}}}, false).(object)
					applied = true
				case fix.TypeScript != "" && strings.Contains(fix.TypeScript, "cfn.add"):
					after, applied = overridden(t, after, finding.API, fix.TypeScript), true
				case fix.CloudFormation != "" && !strings.HasPrefix(fix.CloudFormation, "#"):
					after, applied = apply(after, object{"Resources": tree(t, fix.CloudFormation)}, false).(object), true
				}
				if applied && fix.Console == "" {
					t.Errorf("%s, %s: the fix does not say where it is in the console", form, f.Name)
				}
			}
			if !applied {
				continue
			}
			again := checkTree(t, after)
			for id := range ids(again) {
				if id == f.Rule || had[id] == 0 && id != rules.CORS804 {
					t.Errorf("%s, %s (%s): after\n%s\n%s", form, f.Name, f.Rule, listing(again), rep.Findings[0].Fix.Forms())
				}
			}
			total++
			if !slices.Contains(done[f.Rule], form) {
				done[f.Rule] = append(done[f.Rule], form)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(done)) {
		t.Logf("%s: %s", id, strings.Join(done[id], ", "))
	}
	if t.Logf("%d fixes applied", total); total < 120 {
		t.Errorf("%d fixes applied, want 120", total)
	}
}

// TestSettingNotJudged holds that what only a deployment decides of a setting is not judged, and is not passed over.
func TestSettingNotJudged(t *testing.T) {
	for name, tt := range map[string]struct{ resources, want string }{
		"credentials by a parameter":   {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ['https://*'], AllowCredentials: !Ref P}}}`, "whether https://* in AllowOrigins is with credentials: AllowCredentials is ${P}"},
		"two settings":                 {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {CorsConfiguration: {AllowOrigins: ['*']}, Body: {openapi: 3.0.1, paths: {}, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com]}}}}`, "Web: CorsConfiguration differs from x-amazon-apigateway-cors"},
		"a scheme that is not defined": {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com]}, paths: {/a: {get: {security: [{typo: []}], x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example', httpMethod: GET}}}}}}}`, `GET /a: security: the document has no security scheme "typo"`},
		"an authorizer that decides":   {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [https://app.example.com]}}}, A: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST}}, I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}, R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: ANY /, Target: !Sub 'integrations/${I}', AuthorizationType: CUSTOM, AuthorizerId: !Ref A}}`, "ANY /: whether its authorizer lets in preflights, which carry no token: its function decides, or it is not in the template"},
		"a route of another API":       {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}, R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref P, RouteKey: GET /}}`, "R: 1 route of an API that is not in the templates"},
		"a path of another document":   {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, paths: {/a: {'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: 's3://x/y'}}}}, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com], allowMethods: [PUT]}}}}`, "AWS::Include of s3://x/y"},
		"a function that is elsewhere": {`Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref P, Cors: {AllowOrigins: [https://app.example.com], AllowMethods: [GET], AllowHeaders: [content-type]}}}`, "whether everybody may call the URL: its function is not in the template"},
		"a permission elsewhere":       {`Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt F.Arn, Cors: {AllowOrigins: [https://app.example.com], AllowMethods: [GET], AllowHeaders: [content-type]}}}, F: {Type: AWS::Lambda::Function, Properties: {}}, 'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: 's3://x/y'}}`, "AWS::Include of s3://x/y"},
		"a setting in other letters":   {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, paths: {}, x-amazon-apigateway-cors: {AllowOrigins: [https://app.example.com]}}}}`, "Web: whether AllowOrigins in x-amazon-apigateway-cors is taken for allowOrigins is not documented"},
		"a member that is none":        {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, paths: {}, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com], allowOrigin: x}}}}`, "and what API Gateway does with allowOrigin is not documented"},
		"two authorizers":              {`Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, components: {securitySchemes: {a: {x-amazon-apigateway-authtype: awsSigv4}, b: {x-amazon-apigateway-authorizer: {type: jwt}}}}, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com]}, paths: {/a: {get: {security: [{a: []}, {b: []}], x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example', httpMethod: GET}}}}}}}`, "GET /a: security: it names a and b, API Gateway has one authorizer for each method, and which of them it takes is not documented"},
		"a URL partly elsewhere":       {`Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref P, 'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: 's3://x/y'}}}}`, "AWS::Include of s3://x/y"},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := cfn.Parse("t.yaml", []byte("Parameters: {P: {Type: String}}\nResources: {"+tt.resources+"}"), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rep := Check(app, nil, nil)
			if len(rep.NotJudged) == 0 || !strings.Contains(strings.Join(rep.NotJudged, "\n"), tt.want) || len(ids(rep)) > 0 {
				t.Errorf("not judged %q, want %q and nothing found:\n%s", rep.NotJudged, tt.want, listing(rep))
			}
		})
	}
}

// TestHalfPermitted holds that a URL whose function may not be called is noted once.
func TestHalfPermitted(t *testing.T) {
	for more, want := range map[string]int{"": 1, ", N: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref F, Principal: '*', InvokedViaFunctionUrl: true}}": 0} {
		app, err := cfn.Parse("t.yaml", []byte("Resources: {Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt F.Arn, Cors: {AllowOrigins: [https://app.example.com], AllowMethods: [GET], AllowHeaders: [content-type]}}}, F: {Type: AWS::Lambda::Function, Properties: {}}, "+
			"M: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref F, Principal: '*'}}"+more+"}"), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep := Check(app, nil, nil)
		if got := strings.Count(strings.Join(rep.Notes, "\n"), "but not the function"); got != want || len(ids(rep)) > 0 {
			t.Errorf("%q: %d notes, want %d, and nothing found:\n%s", rep.Notes, got, want, listing(rep))
		}
	}
}

// TestSettingFixKeepsReferences holds that a fix has a reference to what only a deployment knows, and that it is found no more with it.
func TestSettingFixKeepsReferences(t *testing.T) {
	const template = "Parameters: {P: {Type: String}}\nResources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: %s}}}}"
	parse := func(origins string) *cfn.App {
		t.Helper()
		app, err := cfn.Parse("t.yaml", fmt.Appendf(nil, template, origins), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	rep := Check(parse("[!Ref P, 'https://*.example.com', !Sub 'https://${P}.example.com', !ImportValue i]"), nil, nil)
	if len(rep.Findings) != 1 || rep.Findings[0].Rule != rules.CORS801 {
		t.Fatal(listing(rep))
	}
	for _, want := range []string{"Fn::Sub: ${P}\n", "Fn::Sub: https://${P}.example.com\n", "Fn::ImportValue: i\n"} {
		if fix := rep.Findings[0].Fix.CloudFormation + "\n"; !strings.Contains(fix, want) {
			t.Errorf("the fix lacks %s:\n%s", want, fix)
		}
	}
	if rep := Check(parse("[{'Fn::Sub': '${P}'}, {'Fn::Sub': 'https://${P}.example.com'}]"), nil, nil); len(rep.Findings) > 0 {
		t.Error(listing(rep))
	}
}

// TestSettingInABranch holds that what is wrong in a branch of a branch is found, and says in which.
func TestSettingInABranch(t *testing.T) {
	for setting, want := range map[string]string{
		"!If [A, !If [B, {AllowOrigins: ['https://*'], AllowCredentials: true}, {AllowOrigins: [https://app.example.com]}], {AllowOrigins: [https://app.example.com]}]":  ", if B (where A is true) is true",
		"!If [A, {AllowOrigins: ['https://*'], AllowCredentials: true}, {AllowOrigins: [!If [B, https://b.example, https://app.example.com]]}]":                          ", if A is true",
		"!If [A, {AllowOrigins: ['https://*', !If [B, https://b.example, https://app.example.com]], AllowCredentials: true}, {AllowOrigins: [https://app.example.com]}]": ", if A is true",
	} {
		app, err := cfn.Parse("t.yaml", []byte("Parameters: {P: {Type: String}, Q: {Type: String}}\nConditions: {A: !Equals [!Ref P, '1'], B: !Equals [!Ref Q, '1']}\n"+
			"Resources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: "+setting+"}}}"), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep := Check(app, nil, nil)
		if len(rep.Findings) != 1 || rep.Findings[0].Rule != rules.CORS802 || !strings.HasSuffix(rep.Findings[0].Detail, want) {
			t.Errorf("%s: want CORS802%s:\n%s", setting, want, listing(rep))
		}
	}
}

// TestSettingByMapping holds that a setting is judged with each key by which a mapping may be looked up.
func TestSettingByMapping(t *testing.T) {
	app, err := cfn.Parse("t.yaml", []byte("Parameters: {P: {Type: String}}\nMappings: {M: {a: {o: 'https://*'}, b: {o: https://app.example.com}}}\n"+
		"Resources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [!FindInMap [M, !Ref P, o]], AllowCredentials: true}}}}"), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := Check(app, nil, nil)
	if len(rep.Findings) != 1 || rep.Findings[0].Rule != rules.CORS802 || !strings.HasSuffix(rep.Findings[0].Detail, ", if P is a") {
		t.Errorf("want CORS802 if P is a:\n%s", listing(rep))
	}
}
