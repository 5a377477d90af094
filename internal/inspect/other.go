package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	rest "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/inspect/awsread"
	"github.com/corsgate/corsgate/internal/rules"
)

// HTTPGateway is what of API Gateway is called for an HTTP API.
type HTTPGateway interface {
	GetApis(context.Context, *apigatewayv2.GetApisInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApisOutput, error)
	GetApi(context.Context, *apigatewayv2.GetApiInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApiOutput, error)
	GetRoutes(context.Context, *apigatewayv2.GetRoutesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetRoutesOutput, error)
	GetIntegrations(context.Context, *apigatewayv2.GetIntegrationsInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetIntegrationsOutput, error)
	GetAuthorizers(context.Context, *apigatewayv2.GetAuthorizersInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetAuthorizersOutput, error)
	GetStages(context.Context, *apigatewayv2.GetStagesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetStagesOutput, error)
	GetDomainNames(context.Context, *apigatewayv2.GetDomainNamesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetDomainNamesOutput, error)
	GetApiMappings(context.Context, *apigatewayv2.GetApiMappingsInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApiMappingsOutput, error)
}

// URLs is what of Lambda is called for a function URL.
type URLs interface {
	Functions
	GetFunctionUrlConfig(context.Context, *lambda.GetFunctionUrlConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error)
	GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
}

// other is an HTTP API or a function URL as it was read.
type other struct {
	api          *apigatewayv2.GetApiOutput
	routes       []types.Route
	integrations []types.Integration
	authorizers  []types.Authorizer

	url *lambda.GetFunctionUrlConfigOutput
	// public says that everybody may call the URL, and invoked that everybody may call the function by way of it; or that this is not
	// known.
	public, invoked bool
}

// WhichHTTP is [Which] for an HTTP API.
func WhichHTTP(ctx context.Context, g HTTPGateway, region, given, stage string) (id, of string, err error) {
	if u, err := url.Parse(given); err == nil && u.Host != "" {
		if isURLHost(u.Hostname()) {
			return "", "", errURLHost(u.Hostname())
		}
		first, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
		if m := invokeHost.FindStringSubmatch(u.Hostname()); m != nil {
			return httpStage(ctx, g, region, m[1], first, stage)
		}
		return byMapping(ctx, g, region, u, stage)
	}
	_, err = g.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &given})
	if err = awsread.Explain(err, region); !errors.Is(err, awsread.ErrNotFound) {
		return given, stage, err
	}
	id, err = byName(region, given, "HTTP or WebSocket APIs", func(token *string, add func(name, id *string)) (*string, error) {
		out, err := g.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, api := range out.Items {
			add(api.Name, api.ApiId)
		}
		return out.NextToken, nil
	})
	return id, stage, err
}

// httpStage takes the first segment of an address for the stage if there is one of that name; $default has none.
func httpStage(ctx context.Context, g HTTPGateway, region, id, first, stage string) (string, string, error) {
	if stage != "" || first == "" {
		return id, stage, nil
	}
	all, err := stagesOf(ctx, g, id)
	if err != nil {
		err = awsread.Explain(err, region)
		if errors.Is(err, awsread.ErrDenied) || errors.Is(err, awsread.ErrNotFound) || errors.Is(err, awsread.ErrFailed) {
			return id, "", nil // which reading says
		}
		return "", "", err
	}
	for _, name := range []string{first, gateway.DefaultRoute} {
		if slices.ContainsFunc(all, func(s types.Stage) bool { return aws.ToString(s.StageName) == name }) {
			return id, name, nil
		}
	}
	return id, "", nil
}

func byMapping(ctx context.Context, g HTTPGateway, region string, u *url.URL, stage string) (id, of string, err error) {
	all, err := mappingsOf(ctx, g, u.Hostname())
	if err = awsread.Explain(err, region); errors.Is(err, awsread.ErrNotFound) {
		return "", "", fmt.Errorf("%s is neither a custom domain in %s nor the address of an HTTP API; name the API's id", u.Hostname(), region)
	}
	if err != nil {
		return "", "", err
	}
	best := longest(all, u.Path)
	if best == nil {
		return "", "", fmt.Errorf("no mapping of %s leads from %s to an API", u.Hostname(), cmp.Or(u.Path, "/"))
	}
	return aws.ToString(best.RestApiId), either(stage, aws.ToString(best.Stage)), nil
}

// mappingsOf returns where a domain leads, in the terms of a REST API's base paths.
func mappingsOf(ctx context.Context, g HTTPGateway, name string) (out []rest.BasePathMapping, err error) {
	err = pages(func(token *string) (*string, error) {
		got, err := g.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: &name, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, m := range got.Items {
			out = append(out, rest.BasePathMapping{BasePath: m.ApiMappingKey, RestApiId: m.ApiId, Stage: m.Stage})
		}
		return got.NextToken, nil
	})
	return out, err
}

func stagesOf(ctx context.Context, g HTTPGateway, id string) (out []types.Stage, err error) {
	err = pages(func(token *string) (*string, error) {
		got, err := g.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &id, NextToken: token})
		if err != nil {
			return nil, err
		}
		out = append(out, got.Items...)
		return got.NextToken, nil
	})
	return out, err
}

// ReadHTTP is [Read] for an HTTP API.
func ReadHTTP(ctx context.Context, g HTTPGateway, f Functions, region, id, stage string) (*State, error) {
	s := &State{ID: id, Region: region, kind: gateway.HTTPAPI, functions: map[string]map[string]string{}}
	r := &reader{ctx: ctx, lambda: f, s: s}
	var err error
	s.other.api, err = g.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &id})
	switch err = awsread.Explain(err, region); {
	case errors.Is(err, awsread.ErrNotFound):
		return nil, fmt.Errorf("no HTTP API %s in %s; is it the right region and account? (a REST API is named with --rest-api-id)", id, region)
	case err != nil:
		return nil, err
	case s.other.api.ProtocolType == types.ProtocolTypeWebsocket:
		return nil, fmt.Errorf("%s is a WebSocket API: browsers send no preflight for a WebSocket and apply no CORS to it", id)
	}
	steps := []step{
		{"the stages", func() error { return r.readHTTPStages(g) }, []rules.ID{rules.CORS402, rules.CORS407, rules.CORS603}},
		{"the routes", func() error {
			return pages(func(token *string) (*string, error) {
				out, err := g.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &id, NextToken: token})
				if err != nil {
					return nil, err
				}
				s.other.routes = append(s.other.routes, out.Items...)
				return out.NextToken, nil
			})
		}, []rules.ID{rules.CORS602}},
		{"the integrations", func() error {
			return pages(func(token *string) (*string, error) {
				out, err := g.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &id, NextToken: token})
				if err != nil {
					return nil, err
				}
				s.other.integrations = append(s.other.integrations, out.Items...)
				return out.NextToken, nil
			})
		}, nil},
		{"the authorizers", func() error {
			return pages(func(token *string) (*string, error) {
				out, err := g.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &id, NextToken: token})
				if err != nil {
					return nil, err
				}
				s.other.authorizers = append(s.other.authorizers, out.Items...)
				return out.NextToken, nil
			})
		}, nil},
		{"the custom domains", func() error { return r.readHTTPDomains(g) }, nil},
	}
	if err := r.steps(steps); err != nil {
		return nil, err
	}
	if err := r.choose(stage); err != nil {
		return nil, err
	}
	return s, r.readFunctions()
}

func (r *reader) readHTTPStages(g HTTPGateway) error {
	all, err := stagesOf(r.ctx, g, r.s.ID)
	for _, st := range all {
		name := aws.ToString(st.StageName)
		switch said := aws.ToString(st.LastDeploymentStatusMessage); {
		case !aws.ToBool(st.AutoDeploy):
			r.s.undeployed = append(r.s.undeployed, [2]string{name, "it does not deploy by itself (AutoDeploy is off), and what was changed since its last deployment is not served"})
		case said != "" && !strings.HasPrefix(said, "Successfully"):
			r.s.undeployed = append(r.s.undeployed, [2]string{name, "its last automatic deployment failed, and what was changed since is not served"})
		}
		r.s.all = append(r.s.all, rest.Stage{StageName: st.StageName, Variables: st.StageVariables, DeploymentId: st.DeploymentId})
	}
	r.s.stages = slices.Clone(r.s.all)
	return err
}

func (r *reader) readHTTPDomains(g HTTPGateway) error {
	return pages(func(token *string) (*string, error) {
		out, err := g.GetDomainNames(r.ctx, &apigatewayv2.GetDomainNamesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, dn := range out.Items {
			d := domain{name: aws.ToString(dn.DomainName)}
			var err error
			d.mappings, err = mappingsOf(r.ctx, g, d.name)
			if err := r.unless(err, "where the domain "+d.name+" leads"); err != nil {
				return nil, err
			}
			if err == nil {
				r.s.domains = append(r.s.domains, d)
			}
		}
		return out.NextToken, nil
	})
}

// addressOf returns the host of an address, with or without https://; empty for anything else.
func addressOf(given string) string {
	if u, err := url.Parse(given); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if host, _, _ := strings.Cut(given, "/"); isURLHost(host) {
		return host
	}
	return ""
}

// isURLHost reports whether a host is that of a function URL
// (https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html).
func isURLHost(host string) bool {
	return strings.Contains(host, ".lambda-url.")
}

// errURLHost is for the address of a function URL that is given for an API.
func errURLHost(host string) error {
	return fmt.Errorf("%s is the address of a function URL; name its function with --function-url", host)
}

// ReadURL reads the URL of a function, which is given by its name, its ARN, or with its alias as NAME:ALIAS.
func ReadURL(ctx context.Context, f URLs, region, given string) (*State, error) {
	if host := addressOf(given); host != "" {
		return nil, fmt.Errorf("AWS does not say which function has the URL %s; name the function: NAME or NAME:ALIAS", host)
	}
	name, qualifier := given, ""
	if a, err := arn.Parse(given); err == nil {
		name = strings.TrimPrefix(a.Resource, "function:")
		if a.Region != region {
			return nil, fmt.Errorf("the function %s is in %s, not in %s; give --region %s", name, a.Region, region, a.Region)
		}
	}
	name, qualifier, _ = strings.Cut(name, ":")
	s := &State{ID: name, Region: region, kind: gateway.FunctionURL, functions: map[string]map[string]string{}}
	s.stages = []rest.Stage{{}}
	in := &lambda.GetFunctionUrlConfigInput{FunctionName: &name}
	policy := &lambda.GetPolicyInput{FunctionName: &name}
	if qualifier != "" {
		s.ID += ":" + qualifier
		in.Qualifier, policy.Qualifier = &qualifier, &qualifier
	}
	var err error
	s.other.url, err = f.GetFunctionUrlConfig(ctx, in)
	if err = awsread.Explain(err, region); errors.Is(err, awsread.ErrNotFound) {
		return nil, fmt.Errorf("no function %s with a URL in %s; is it the right region and account? (the URL of an alias is NAME:ALIAS)", s.ID, region)
	}
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, lambda: f, s: s}
	out, err := f.GetPolicy(ctx, policy)
	switch err = awsread.Explain(err, region); {
	case errors.Is(err, awsread.ErrNotFound): // nobody may call it
	case err != nil:
		s.other.public, s.other.invoked = true, true
		if err := r.unless(err, "who may call the function"); err != nil {
			return nil, err
		}
	case s.other.url.AuthType == lambdatypes.FunctionUrlAuthTypeNone:
		s.other.public = s.public(aws.ToString(out.Policy), "lambda:InvokeFunctionUrl")
		s.other.invoked = s.public(aws.ToString(out.Policy), "lambda:InvokeFunction")
	}
	return s, r.readFunctions()
}

// public reports whether a function's policy lets everybody do something by way of its URL, or may.
func (s *State) public(policy, action string) bool {
	j := apigw.JudgeFunctionURL(policy, action)
	if j.Access == apigw.Depends {
		s.open = append(s.open, "whether everybody may call the URL: for "+action+" the function's policy depends on "+strings.Join(slices.Concat(j.Keys, j.Unread), ", "))
	}
	return j.Access == apigw.Passes || j.Access == apigw.Depends
}

// otherTemplate makes a template of an HTTP API or a function URL.
func (s *State) otherTemplate(stages []rest.Stage) []byte {
	all := object{}
	if s.kind == gateway.FunctionURL {
		s.urlTemplate(all)
		return document(all)
	}
	api := s.other.api
	p := object{"Name": aws.ToString(api.Name), "ProtocolType": "HTTP"}
	if c := api.CorsConfiguration; c != nil {
		p["CorsConfiguration"] = corsObject(c.AllowCredentials, c.MaxAge, c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders)
	}
	s.baseOf(all, "AWS::ApiGatewayV2::Api", p)
	for _, x := range s.other.routes {
		p := object{"RouteKey": aws.ToString(x.RouteKey), "AuthorizationType": string(x.AuthorizationType), "AuthorizationScopes": x.AuthorizationScopes}
		if target, ok := strings.CutPrefix(aws.ToString(x.Target), "integrations/"); ok {
			p["Target"] = object{"Fn::Join": []any{"/", []any{"integrations", refer("integrations/"+target, slices.ContainsFunc(s.other.integrations, func(i types.Integration) bool { return aws.ToString(i.IntegrationId) == target }))}}}
		}
		if a := aws.ToString(x.AuthorizerId); a != "" {
			p["AuthorizerId"] = refer("authorizers/"+a, slices.ContainsFunc(s.other.authorizers, func(x types.Authorizer) bool { return aws.ToString(x.AuthorizerId) == a }))
		}
		s.add(all, "routes/"+aws.ToString(x.RouteId), "Route", p)
	}
	for _, x := range s.other.integrations {
		p := object{"IntegrationType": string(x.IntegrationType), "IntegrationUri": aws.ToString(x.IntegrationUri), "IntegrationMethod": aws.ToString(x.IntegrationMethod),
			"IntegrationSubtype": aws.ToString(x.IntegrationSubtype), "PayloadFormatVersion": aws.ToString(x.PayloadFormatVersion), "ConnectionType": string(x.ConnectionType), "ConnectionId": aws.ToString(x.ConnectionId), "RequestParameters": x.RequestParameters}
		mapped := object{}
		for status, parameters := range x.ResponseParameters {
			var list []any
			for to, from := range parameters {
				list = append(list, object{"Destination": to, "Source": from})
			}
			mapped[status] = object{"ResponseParameters": list}
		}
		if len(mapped) > 0 {
			p["ResponseParameters"] = mapped
		}
		s.add(all, "integrations/"+aws.ToString(x.IntegrationId), "Integration", p)
	}
	for _, x := range s.other.authorizers {
		s.add(all, "authorizers/"+aws.ToString(x.AuthorizerId), "Authorizer", object{"Name": aws.ToString(x.Name), "AuthorizerType": string(x.AuthorizerType), "AuthorizerUri": aws.ToString(x.AuthorizerUri),
			"IdentitySource": x.IdentitySource, "AuthorizerPayloadFormatVersion": aws.ToString(x.AuthorizerPayloadFormatVersion), "EnableSimpleResponses": aws.ToBool(x.EnableSimpleResponses)})
	}
	for _, st := range stages {
		s.add(all, stageID(st), "Stage", object{"StageName": aws.ToString(st.StageName), "StageVariables": st.Variables, "AutoDeploy": true})
	}
	return document(all)
}

// refer refers to another part of an API. One that was not read is a value that is not known.
func refer(id string, read bool) object {
	if !read {
		return object{"Fn::ImportValue": id}
	}
	return object{"Ref": id}
}

func (s *State) urlTemplate(all object) {
	u := s.other.url
	name, qualifier, _ := strings.Cut(s.ID, ":")
	p := object{"TargetFunctionArn": name, "Qualifier": qualifier, "AuthType": string(u.AuthType), "InvokeMode": string(u.InvokeMode)}
	if c := u.Cors; c != nil {
		p["Cors"] = corsObject(c.AllowCredentials, c.MaxAge, c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders)
	}
	s.baseOf(all, "AWS::Lambda::Url", p)
	if all["functions/"+name] == nil { // its configuration may not be read
		all["functions/"+name] = object{"Type": "AWS::Lambda::Function", "Properties": object{"FunctionName": name}}
	}
	for action, may := range map[string]bool{"lambda:InvokeFunctionUrl": s.other.public, "lambda:InvokeFunction": s.other.invoked} {
		if may {
			all["functions/"+name+"/policy/"+action] = object{"Type": "AWS::Lambda::Permission", "Properties": object{"FunctionName": s.ID, "Action": action, "Principal": "*"}}
		}
	}
}

func corsObject(credentials *bool, age *int32, origins, methods, headers, expose []string) object {
	out := object{"AllowOrigins": origins, "AllowMethods": methods, "AllowHeaders": headers, "ExposeHeaders": expose}
	// The service returns false and 0 for what nobody set.
	if aws.ToBool(credentials) {
		out["AllowCredentials"] = true
	}
	if aws.ToInt32(age) != 0 {
		out["MaxAge"] = *age
	}
	return prune(out)
}
