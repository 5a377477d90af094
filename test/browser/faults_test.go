package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A response is a status and header lines, "Name: value".
type answer struct {
	status int
	lines  []string
}

// A fault is a resource of the API faults, which responds as API Gateway would if somebody had configured it so.
type fault struct {
	name              string
	preflight, actual answer
}

const (
	acao = "Access-Control-Allow-Origin: "
	acac = "Access-Control-Allow-Credentials: "
	acam = "Access-Control-Allow-Methods: "
	acah = "Access-Control-Allow-Headers: "
	aceh = "Access-Control-Expose-Headers: "
)

func gives(status int, lines ...string) answer { return answer{status, lines} }

// faults are the ways in which a response can be wrong, and some in which it looks so and is not.
var faults = func() []fault {
	good := gives(200, acao+app, acac+"true")
	actual := func(name string, a answer) fault {
		return fault{name, gives(204, acao+app, acac+"true", acam+"PUT"), a}
	}
	preflight := func(name string, a answer) fault { return fault{name, a, good} }
	return []fault{
		actual("good", good),
		actual("any", gives(200, acao+"*")),
		actual("any-with-credentials", gives(200, acao+"*", acac+"true")),
		actual("none", gives(200)),
		actual("two", gives(200, acao+app+", "+other)),
		actual("no-url", gives(200, acao+"app.example.com")),
		actual("slash", gives(200, acao+app+"/")),
		actual("null", gives(200, acao+"null")),
		actual("another", gives(200, acao+other)),
		actual("no-credentials", gives(200, acao+app)),
		actual("credentials-upper", gives(200, acao+app, acac+"True")),
		{"locked", gives(204, acao+app, acac+"true", acah+"x-api-key"), good},
		actual("expose-any", gives(200, acao+app, acac+"true", aceh+"*", "X-Seen: 1")),
		actual("expose-list", gives(200, acao+app, acac+"true", aceh+"x-seen, etag", "X-Seen: 1", "ETag: 7", "X-Unseen: 1")),
		actual("redirect", gives(302, acao+app, acac+"true", "Location: https://faults"+apiDomain+"/prod/good")),
		actual("redirect-userinfo", gives(302, acao+app, acac+"true", "Location: https://u:p@faults"+apiDomain+"/prod/good")),
		actual("redirect-silent", gives(302, "Location: https://faults"+apiDomain+"/prod/good")),

		preflight("p-403", gives(403, acao+app, acac+"true", acam+"PUT")),
		preflight("p-200", gives(200, acao+app, acac+"true", acam+"PUT")),
		preflight("p-redirect", gives(301, acao+app, acac+"true", acam+"PUT", "Location: https://faults"+apiDomain+"/prod/good")),
		preflight("p-any", gives(204, acao+"*", acam+"PUT")),
		preflight("p-none", gives(204, acam+"PUT")),
		preflight("p-two", gives(204, acao+app+" "+other, acam+"PUT")),
		preflight("p-no-url", gives(204, acao+"app", acam+"PUT")),
		preflight("p-another", gives(204, acao+other, acam+"PUT")),
		preflight("p-no-credentials", gives(204, acao+app, acam+"PUT")),
		preflight("p-no-methods", gives(204, acao+app, acac+"true")),
		preflight("p-methods-broken", gives(204, acao+app, acac+"true", acam+"PUT;GET")),
		preflight("p-headers-broken", gives(204, acao+app, acac+"true", acam+"PUT", acah+"a b")),
		preflight("p-method-lower", gives(204, acao+app, acac+"true", acam+"put, patch")),
		preflight("p-stars", gives(204, acao+"*", acac+"true", acam+"*", acah+"*")),
		preflight("p-stars-named", gives(204, acao+app, acac+"true", acam+"*", acah+"*")),
		preflight("p-age-0", gives(204, acao+app, acac+"true", acam+"PUT", "Access-Control-Max-Age: 0")),
		preflight("p-age-minus", gives(204, acao+app, acac+"true", acam+"PUT", "Access-Control-Max-Age: -1")),
		preflight("p-age-60", gives(204, acao+app, acac+"true", acam+"PUT, DELETE", acah+"x-one", "Access-Control-Max-Age: 60")),
		{"p-age-any", gives(204, acao+"*", acam+"PUT", "Access-Control-Max-Age: 60"), gives(200, acao+"*")},
		{"p-age-null", gives(204, acao+"null", acam+"PUT", "Access-Control-Max-Age: 60"), gives(200, acao+"null")},
		preflight("p-headers", gives(204, acao+app, acac+"true", acam+"PUT, PATCH, DELETE", acah+"Content-Type,X-One")),
	}
}()

// faulty writes the template of the API faults.
func faulty(t *testing.T) string {
	t.Helper()
	ref := func(id string) any { return map[string]any{"Ref": id} }
	resources := map[string]any{}
	add := func(id, kind string, properties map[string]any) {
		resources[id] = map[string]any{"Type": "AWS::ApiGateway::" + kind, "Properties": properties}
	}
	add("Api", "RestApi", map[string]any{"Name": "faults"})
	add("Deployment", "Deployment", map[string]any{"RestApiId": ref("Api")})
	add("Stage", "Stage", map[string]any{"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "prod"})
	gatewayResponse := func(kind, status string, lines ...string) {
		mapped := map[string]any{}
		for _, l := range lines {
			name, value, _ := strings.Cut(l, ": ")
			mapped["gatewayresponse.header."+name] = "'" + value + "'"
		}
		properties := map[string]any{"RestApiId": ref("Api"), "ResponseType": kind, "ResponseParameters": mapped}
		if status != "" {
			properties["StatusCode"] = status
		}
		add("Gateway"+strings.ReplaceAll(kind, "_", ""), "GatewayResponse", properties)
	}
	gatewayResponse("MISSING_AUTHENTICATION_TOKEN", "404", acao+app, acac+"true", aceh+"x-amzn-errortype")
	gatewayResponse("INVALID_API_KEY", "", acao+"*")
	for i, f := range faults {
		id := "R" + strconv.Itoa(i)
		add(id, "Resource", map[string]any{"RestApiId": ref("Api"), "ParentId": map[string]any{"Fn::GetAtt": []string{"Api", "RootResourceId"}}, "PathPart": f.name})
		for method, a := range map[string]answer{"OPTIONS": f.preflight, "ANY": f.actual} {
			mapped, declared := map[string]any{}, map[string]any{}
			for _, l := range a.lines {
				name, value, _ := strings.Cut(l, ": ")
				mapped["method.response.header."+name] = "'" + value + "'"
				declared["method.response.header."+name] = true
			}
			status := strconv.Itoa(a.status)
			add(id+method, "Method", map[string]any{
				"RestApiId": ref("Api"), "ResourceId": ref(id), "HttpMethod": method, "AuthorizationType": "NONE", "ApiKeyRequired": f.name == "locked" && method == "ANY",
				"Integration": map[string]any{
					"Type": "MOCK", "RequestTemplates": map[string]any{"application/json": `{"statusCode": 200}`},
					"IntegrationResponses": []any{map[string]any{"StatusCode": status, "ResponseParameters": mapped}},
				},
				"MethodResponses": []any{map[string]any{"StatusCode": status, "ResponseParameters": declared}},
			})
		}
	}
	return written(t, "faults", map[string]any{"Resources": resources})
}

// everything writes the template of that name with a function that does something, and a server on this machine.
func everything(t *testing.T, backend string) string {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string
			Metadata   map[string]any `json:",omitempty"`
			Properties map[string]any
		}
	}
	b, err := os.ReadFile(module + "/test/templates/everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("testdata/orders.js")
	if err != nil {
		t.Fatal(err)
	}
	functions, servers := 0, 0
	for _, r := range template.Resources {
		switch integration, _ := r.Properties["Integration"].(map[string]any); {
		case r.Type == "AWS::Lambda::Function":
			r.Properties["Code"] = map[string]any{"ZipFile": string(code)}
			functions++
		case integration["Type"] == "HTTP":
			integration["Uri"] = backend
			for _, r := range integration["IntegrationResponses"].([]any) {
				r.(map[string]any)["ContentHandling"] = "CONVERT_TO_TEXT" // or no template can read it, since all is binary here
			}
			servers++
		}
	}
	if functions != 1 || servers != 1 {
		t.Fatalf("the template everything has %d functions and %d HTTP integrations, want one of each", functions, servers)
	}
	return written(t, "everything", template)
}

func written(t *testing.T, name string, template any) string {
	t.Helper()
	b, err := json.MarshalIndent(template, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".template.json")
	if err := os.WriteFile(file, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}
