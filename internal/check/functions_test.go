package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// TestNotes holds that what the command does not look at is said in a line each, and is not a finding and nothing unknown.
func TestNotes(t *testing.T) {
	const own = "the functions' own: corsgate explain runs the functions, and corsgate probe tests them once they are deployed"
	for name, tt := range map[string]struct {
		change string
		want   []string
	}{
		"two routes":        {"{}", []string{"the responses of 2 Lambda proxy routes are " + own}},
		"one route":         {"Resources: {ItemsPut: {Properties: {Integration: {Type: HTTP_PROXY, Uri: 'https://backend.example.com'}}}}", []string{"the responses of 1 Lambda proxy route are " + own, "the responses of 1 HTTP proxy route are the servers' own: corsgate probe tests them once they are deployed"}},
		"corsgate's mark":   {"Resources: {Function: {Metadata: {'corsgate:emits': true}}}", nil},
		"two stages":        {"Resources: {Dev: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: {Ref: Api}, DeploymentId: {Ref: Deployment}, StageName: dev}}}", []string{"the responses of 2 Lambda proxy routes are " + own}},
		"a private API":     {"Resources: {Api: {Properties: {EndpointConfiguration: {Types: [PRIVATE]}}}}", []string{"the responses of 2 Lambda proxy routes are " + own, "Api is private: pages have to call it by https://API-VPCE.execute-api.REGION.amazonaws.com, since a preflight to the endpoint's own name carries no x-apigw-api-id"}},
		"an import":         {"Resources: {ItemsPut: {Properties: {Integration: {Uri: {'Fn::ImportValue': other}}}}}", []string{"the responses of 2 Lambda proxy routes are " + own}},
		"all to a function": {"Resources: {ItemsGet: {Properties: {HttpMethod: ANY}}, ItemsPut: null, ItemsOptions: null, StatusOptions: null, StatusGet: null, Errors4xx: null, Errors5xx: null, Deployment: {DependsOn: [ItemsGet]}}", []string{"the responses of 1 Lambda proxy route are " + own}},
		"not for any pages": {"Resources: {ItemsOptions: null, StatusOptions: null, StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: null}}, MethodResponses: {ResponseParameters: null}}}, Errors4xx: null, Errors5xx: null, Deployment: {DependsOn: [ItemsGet]}}", nil},
	} {
		rep := checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, tt.change)))
		if got := strings.Join(rep.Notes, "\n"); got != strings.Join(tt.want, "\n") {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if !rep.Answered() {
			t.Errorf("%s: not answered: %v", name, rep.NotJudged)
		}
	}
}

// TestCode holds which folders of code are known to send no header.
func TestCode(t *testing.T) {
	const api = `Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: prod, Cors: "'https://app.example.com'"}}
  Fn: {Type: AWS::Serverless::Function, Properties: {Runtime: RUNTIME, Handler: index.handler, CodeUri: src, LAYERS Events: {Put: {Type: Api, Properties: {Path: /a, Method: put, RestApiId: !Ref Api}}}}}
`
	plain := map[string]string{"index.js": "exports.handler = async () => ({statusCode: 200})"}
	many := map[string]string{}
	for i := range maxFiles + 1 {
		many[fmt.Sprintf("f%d.js", i)] = "x"
	}
	for name, tt := range map[string]struct {
		runtime, layers string
		files           map[string]string
		want            int
	}{
		"no header":       {"nodejs22.x", "", plain, 1},
		"the header":      {"nodejs22.x", "", map[string]string{"index.js": "exports.handler = async () => ({headers: {'access-control-allow-origin': '*'}})"}, 0},
		"a middleware":    {"python3.13", "", map[string]string{"app.py": "from aws_lambda_powertools.event_handler import CORSConfig"}, 0},
		"beneath":         {"nodejs22.x", "", map[string]string{"index.js": "x", "lib/reply.mjs": "const h = 'Access-Control-Allow-Origin'"}, 0},
		"compiled":        {"provided.al2023", "", map[string]string{"bootstrap": "x"}, 0},
		"no source":       {"nodejs22.x", "", map[string]string{"index.zip": "x"}, 0},
		"layers":          {"nodejs22.x", "Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:a:1'],", plain, 0},
		"too large":       {"nodejs22.x", "", many, 0},
		"it is not there": {"nodejs22.x", "", nil, 0},
	} {
		dir := t.TempDir()
		for file, text := range tt.files {
			path := filepath.Join(dir, "src", file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "template.yaml")
		if err := os.WriteFile(path, []byte(strings.NewReplacer("RUNTIME", tt.runtime, "LAYERS", tt.layers).Replace(api)), 0o600); err != nil {
			t.Fatal(err)
		}
		if rep := Check(open(t, path), nil, nil); ids(rep)["CORS210"] != tt.want {
			t.Errorf("%s: want %d of CORS210\n%s", name, tt.want, listing(rep))
		}
	}
}

// TestForPages holds what shows that an API is for pages at other origins, and what does not.
func TestForPages(t *testing.T) {
	const none = "Resources: {ItemsOptions: null, StatusOptions: null, StatusGet: null, Errors4xx: null, Errors5xx: null, Deployment: {DependsOn: [ItemsGet, ItemsPut]}, "
	for name, tt := range map[string]struct {
		change, want string
	}{
		"nothing":                            {none + "}", "CORS121"},
		"a website":                          {none + "B: {Type: AWS::S3::Bucket, Properties: {WebsiteConfiguration: {}}}}", "CORS101"},
		"a bucket":                           {none + "B: {Type: AWS::S3::Bucket}}", "CORS121"},
		"pages that sign users in":           {none + "C: {Type: AWS::Cognito::UserPoolClient, Properties: {CallbackURLs: ['https://app.example.com'], AllowedOAuthFlows: [code]}}}", "CORS101"},
		"a server that signs users in":       {none + "C: {Type: AWS::Cognito::UserPoolClient, Properties: {CallbackURLs: ['https://app.example.com'], GenerateSecret: true}}}", "CORS121"},
		"a machine":                          {none + "C: {Type: AWS::Cognito::UserPoolClient, Properties: {CallbackURLs: ['https://app.example.com'], AllowedOAuthFlows: [client_credentials]}}}", "CORS121"},
		"a user pool without pages":          {none + "C: {Type: AWS::Cognito::UserPoolClient}}", "CORS121"},
		"a distribution with the API in it":  {none + "B: {Type: AWS::S3::Bucket, Properties: {WebsiteConfiguration: {}}}, D: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Origins: [{DomainName: !Sub '${Api}.execute-api.x.amazonaws.com'}]}}}}", "CORS121"},
		"a distribution of the website only": {none + "B: {Type: AWS::S3::Bucket, Properties: {WebsiteConfiguration: {}}}, D: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Origins: [{DomainName: !GetAtt B.DomainName}]}}}}", "CORS101"},
		"an environment with a list":         {none + "Function: {Properties: {Environment: {Variables: {CORS_ORIGINS: 'https://app.example.com'}}}}}", "CORS101"},
	} {
		rep := checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, tt.change)))
		if len(rep.Findings) == 0 || string(rep.Findings[0].Rule) != tt.want {
			t.Errorf("%s: want %s first\n%s", name, tt.want, listing(rep))
		}
	}
}
