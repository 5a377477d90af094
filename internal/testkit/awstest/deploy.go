package awstest

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Deployed is an API that was made from a template.
type Deployed struct {
	*Account
	API    *apigateway.Client
	Lambda *lambda.Client
	ID     string
	Root   string
	Paths  map[string]string // resource ids by path
	Stage  string
	Model  *gateway.API // what it was made from
	// Authorizer is the id of that of every method made with the authorization type CUSTOM.
	Authorizer string
}

// Deploy makes the API of a template, call by call, with its stage.
func (a *Account) Deploy(template string) *Deployed {
	t := a.test()
	t.Helper()
	app, err := cfn.Open([]string{template}, cfn.Options{Region: Region, Account: AccountID})
	if err != nil {
		t.Fatal(err)
	}
	model, err := gateway.Load(app, gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config(t, a.URL)
	d := &Deployed{Account: a, API: apigateway.NewFromConfig(cfg), Lambda: lambda.NewFromConfig(cfg), Paths: map[string]string{}, Stage: model.Stage, Model: model}
	ctx := context.Background()
	made, err := d.API.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: &model.Name, BinaryMediaTypes: model.BinaryTypes})
	check(t, err)
	d.ID, d.Root = *made.Id, *made.RootResourceId
	d.Paths["/"] = d.Root
	for _, r := range model.Resources() { // in the order of their paths: parents first
		if r.Path != "/" {
			d.Resource(r.Path)
		}
		for _, m := range r.Methods() {
			d.Method(r.Path, m)
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		if params := model.GatewayResponse(typ).Parameters; len(params) > 0 && strings.HasPrefix(typ, "DEFAULT_") {
			_, err := d.API.PutGatewayResponse(ctx, &apigateway.PutGatewayResponseInput{RestApiId: &d.ID, ResponseType: types.GatewayResponseType(typ), ResponseParameters: params})
			check(t, err)
		}
	}
	id := d.Deployment()
	_, err = d.API.CreateStage(ctx, &apigateway.CreateStageInput{RestApiId: &d.ID, StageName: &d.Stage, DeploymentId: &id, Variables: model.Variables})
	check(t, err)
	return d
}

// deployed is a text with ARNs instead of what stands for functions.
func (d *Deployed) deployed(text string) string {
	app := d.Model.App
	for _, at := range slices.Backward(app.StandIns(text)) {
		for _, r := range app.Mentioned(text[at.From:at.To]) {
			if r.Type == "AWS::Lambda::Function" {
				text = text[:at.From] + "arn:aws:lambda:" + Region + ":" + AccountID + ":function:" + r.ID + text[at.To:]
			}
		}
	}
	return text
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Resource makes a resource below one that is there.
func (d *Deployed) Resource(path string) {
	d.test().Helper()
	at := strings.LastIndex(path, "/")
	parent := path[:at]
	if parent == "" {
		parent = "/"
	}
	res, err := d.API.CreateResource(context.Background(), &apigateway.CreateResourceInput{RestApiId: &d.ID, ParentId: aws.String(d.Paths[parent]), PathPart: aws.String(path[at+1:])})
	check(d.test(), err)
	d.Paths[path] = *res.Id
}

// Method makes a method with its integration and responses.
func (d *Deployed) Method(path string, m *gateway.Method) {
	t, ctx := d.test(), context.Background()
	t.Helper()
	res, verb := aws.String(d.Paths[path]), aws.String(m.HTTPMethod)
	var authorizer *string
	if m.AuthorizationType == "CUSTOM" {
		authorizer = &d.Authorizer
	}
	_, err := d.API.PutMethod(ctx, &apigateway.PutMethodInput{AuthorizerId: authorizer, RestApiId: &d.ID, ResourceId: res, HttpMethod: verb, AuthorizationType: aws.String(m.AuthorizationType), ApiKeyRequired: m.APIKeyRequired, RequestParameters: m.RequestParameters})
	check(t, err)
	for _, mr := range m.Responses {
		params := map[string]bool{}
		for h, required := range mr.Headers {
			params["method.response.header."+h] = required
		}
		_, err := d.API.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: &d.ID, ResourceId: res, HttpMethod: verb, StatusCode: aws.String(mr.Status), ResponseParameters: params})
		check(t, err)
	}
	i := m.Integration
	in := &apigateway.PutIntegrationInput{RestApiId: &d.ID, ResourceId: res, HttpMethod: verb, Type: types.IntegrationType(i.Type), PassthroughBehavior: &i.Passthrough,
		ContentHandling: types.ContentHandlingStrategy(i.ContentHandling), RequestParameters: i.RequestParameters, RequestTemplates: texts(i.RequestTemplates)}
	if i.URI != "" {
		uri := d.deployed(i.URI)
		in.Uri, in.IntegrationHttpMethod = &uri, &i.HTTPMethod
	}
	_, err = d.API.PutIntegration(ctx, in)
	check(t, err)
	for _, ir := range i.Responses {
		in := &apigateway.PutIntegrationResponseInput{RestApiId: &d.ID, ResourceId: res, HttpMethod: verb, StatusCode: aws.String(ir.Status), ContentHandling: types.ContentHandlingStrategy(ir.ContentHandling),
			ResponseParameters: ir.Parameters, ResponseTemplates: texts(ir.Templates)}
		if ir.Pattern != "" {
			in.SelectionPattern = aws.String(ir.Pattern)
		}
		_, err := d.API.PutIntegrationResponse(ctx, in)
		check(t, err)
	}
}

// Replace puts a method instead of the one of its name.
func (d *Deployed) Replace(path string, m *gateway.Method) {
	d.test().Helper()
	_, err := d.API.DeleteMethod(context.Background(), &apigateway.DeleteMethodInput{RestApiId: &d.ID, ResourceId: aws.String(d.Paths[path]), HttpMethod: aws.String(m.HTTPMethod)})
	check(d.test(), err)
	d.Method(path, m)
}

func texts(ts []gateway.Template) map[string]string {
	out := map[string]string{}
	for _, t := range ts {
		out[t.ContentType] = t.Text
	}
	return out
}

// Deployment makes a deployment of what is configured and gives its id; no stage serves it yet.
func (d *Deployed) Deployment() string {
	d.test().Helper()
	dep, err := d.API.CreateDeployment(context.Background(), &apigateway.CreateDeploymentInput{RestApiId: &d.ID})
	check(d.test(), err)
	return *dep.Id
}

// Redeploy has the stage serve what is configured.
func (d *Deployed) Redeploy() {
	d.test().Helper()
	d.PatchStage("/deploymentId", d.Deployment())
}

// PatchStage changes a property of the stage; an empty value takes a variable away.
func (d *Deployed) PatchStage(path, value string) {
	d.test().Helper()
	op := types.PatchOperation{Op: types.OpReplace, Path: &path, Value: &value}
	if value == "" {
		op.Op, op.Value = types.OpRemove, nil
	}
	_, err := d.API.UpdateStage(context.Background(), &apigateway.UpdateStageInput{RestApiId: &d.ID, StageName: &d.Stage, PatchOperations: []types.PatchOperation{op}})
	check(d.test(), err)
}

// Function makes a function with an environment, instead of one of the same name. It has the name under which methods of the template call it.
func (d *Deployed) Function(name string, environment map[string]string) {
	t := d.test()
	t.Helper()
	// moto wants the role to be there; IAM's protocol is a form, and a client of its own is not worth it.
	form := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {"role"}, "AssumeRolePolicyDocument": {"{}"}}
	req, err := http.NewRequest(http.MethodPost, d.moto, strings.NewReader(form.Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+AccessKey+"/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(req)
	check(t, err)
	res.Body.Close()
	_, _ = d.Lambda.DeleteFunction(context.Background(), &lambda.DeleteFunctionInput{FunctionName: &name}) // there may be none
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	_, err = z.Create("index.mjs")
	check(t, err)
	check(t, z.Close())
	_, err = d.Lambda.CreateFunction(context.Background(), &lambda.CreateFunctionInput{FunctionName: &name, Role: aws.String("arn:aws:iam::" + AccountID + ":role/role"), Runtime: lambdatypes.RuntimeNodejs22x,
		Handler: aws.String("index.handler"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()}, Environment: &lambdatypes.Environment{Variables: environment}})
	check(t, err)
}
