package cfn

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// restAPIs makes the REST APIs, each with its deployment, its stage and what else its properties want.
func (s *sam) restAPIs() {
	ids := s.ids("AWS::Serverless::Api")
	// SAM's own is the last: what two APIs make under one name is that of the last.
	if i := slices.Index(ids, implicitAPI); i >= 0 {
		ids = append(slices.Delete(ids, i, i+1), implicitAPI)
	}
	for _, id := range ids {
		api := s.apis[id]
		from := object(s.resources[id])
		p := object(from["Properties"])
		s.properties(id, "the property ", p, apiProperties)
		doc, _ := p["DefinitionBody"].(map[string]any)
		if doc == nil && p["DefinitionBody"] != nil {
			s.refuse(id, "SAM refuses DefinitionBody: it is not an object")
		}
		if v := p["OpenApiVersion"]; pyTrue(v) && !openAPIVersion.MatchString(scalar(v)) {
			s.refuse(id, "SAM refuses OpenApiVersion: it is like 3.0.1, and no function")
		}
		rest := map[string]any{}
		take(rest, p, "BinaryMediaTypes MinimumCompressionSize FailOnWarnings Name Description Mode ApiKeySourceType Policy SecurityPolicy EndpointAccessMode")
		rest["BinaryMediaTypes"] = s.decidedIn(rest["BinaryMediaTypes"])
		if rest["BinaryMediaTypes"] == nil {
			delete(rest, "BinaryMediaTypes")
		}
		endpoint(rest, p["EndpointConfiguration"])
		if uri := p["DefinitionUri"]; pyTrue(uri) {
			s.external(id, rest, p, doc)
		} else if doc != nil {
			s.complete(id, doc, p)
			rest["Body"] = doc
		}
		s.replace(id, "AWS::ApiGateway::RestApi", api.cause, from, rest)
		s.stageOf(api, from, p)
		s.authorizerPermissions(api, from, p)
		s.domain(api, from, p)
		s.usagePlan(api, from, p)
	}
}

var openAPIVersion = regexp.MustCompile(`^[2-3](\.\d)(\.\d)?$`)

// external is an API whose document is in a file. SAM adds nothing to it.
func (s *sam) external(id string, rest, p, doc map[string]any) {
	if doc != nil {
		s.refuse(id, "SAM refuses DefinitionUri beside DefinitionBody: one of them is allowed, and where neither is given, Globals may not give it")
	}
	for _, name := range strings.Fields("Cors Auth GatewayResponses Models MergeDefinitions DisableExecuteApiEndpoint") {
		if pyTrue(p[name]) || name == "DisableExecuteApiEndpoint" && p[name] != nil {
			s.refuse(id, "SAM refuses "+name+" beside DefinitionUri: it needs the OpenAPI document in DefinitionBody")
		}
	}
	if doc, ok := s.document(id, s.decided(p["DefinitionUri"])); ok {
		rest["Body"] = doc
		return
	}
	switch uri := p["DefinitionUri"].(type) {
	case map[string]any:
		rest["BodyS3Location"] = uri
	case string:
		rest["BodyS3Location"] = bucketAndKey(uri)
	}
}

// bucketAndKey splits an s3:// location as CloudFormation wants it; another is left as it is.
func bucketAndKey(uri string) any {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, found := strings.Cut(rest, "/")
	if !ok || !found {
		return uri
	}
	key, version, versioned := strings.Cut(key, "?versionId=")
	out := map[string]any{"Bucket": bucket, "Key": key}
	if versioned {
		out["Version"] = version
	}
	return out
}

func endpoint(rest map[string]any, v any) {
	m, ok := v.(map[string]any)
	switch {
	case ok && pyTrue(m["Type"]):
		configuration := map[string]any{"Types": []any{m["Type"]}}
		take(configuration, map[string]any{"VpcEndpointIds": orElse(m["VPCEndpointIds"], m["VpcEndpointIds"]), "IpAddressType": m["IpAddressType"]}, "VpcEndpointIds IpAddressType")
		rest["EndpointConfiguration"], rest["Parameters"] = configuration, map[string]any{"endpointConfigurationTypes": m["Type"]}
	case pyTrue(v):
		rest["EndpointConfiguration"], rest["Parameters"] = map[string]any{"Types": []any{v}}, map[string]any{"endpointConfigurationTypes": v}
	}
}

// complete puts into the document of an API what its properties say.
func (s *sam) complete(id string, doc, p map[string]any) {
	if !isSwagger(doc) {
		// A document that was not read is a problem already.
		for _, name := range strings.Fields("Cors Auth GatewayResponses BinaryMediaTypes Models DisableExecuteApiEndpoint") {
			if pyTrue(p[name]) && doc["Fn::Transform"] == nil {
				s.refuse(id, "SAM refuses "+name+": DefinitionBody has no swagger: 2.0 or openapi: 3.x.x with an object paths")
			}
		}
		return
	}
	s.cors(id, doc, p["Cors"])
	s.auth(id, doc, p)
	s.gatewayResponses(id, doc, p["GatewayResponses"])
	if v := s.decidedIn(p["BinaryMediaTypes"]); pyTrue(v) {
		doc["x-amazon-apigateway-binary-media-types"] = slashes(v)
	}
	if models, ok := p["Models"].(map[string]any); ok {
		for name, schema := range models {
			if !pyTrue(object(schema)["type"]) {
				s.refuse(id, "SAM refuses Models."+name+": it has no type")
			}
			inner(doc, "definitions")[strings.ToLower(name)] = schema
		}
	}
	if v := p["DisableExecuteApiEndpoint"]; v != nil {
		const name = "x-amazon-apigateway-endpoint-configuration"
		if isVersion3(doc["openapi"]) {
			if len(asList(doc["servers"])) == 0 {
				doc["servers"] = []any{map[string]any{}}
			}
			for _, server := range asList(doc["servers"]) {
				inner(object(server), name)["disableExecuteApiEndpoint"] = v
			}
		} else {
			inner(doc, name)["disableExecuteApiEndpoint"] = v
		}
	}
	toOpenAPI3(doc, p["OpenApiVersion"])
}

// slashes puts slashes for the ~1 of media types.
func slashes(v any) any {
	return rewritten(v, func(s string) string { return strings.ReplaceAll(s, "~1", "/") }, unchanged)
}

// rewritten returns a copy of a value, with other texts and other keys of objects.
func rewritten(v any, text, key func(string) string) any {
	switch v := v.(type) {
	case string:
		return text(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rewritten(e, text, key)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[key(k)] = rewritten(e, text, key)
		}
		return out
	}
	return v
}

func unchanged(s string) string { return s }

// cors adds the preflights of the property Cors, which may be an origin alone.
func (s *sam) cors(id string, doc map[string]any, v any) {
	if !pyTrue(v) {
		return
	}
	const anyOrigin = "'*'"
	cors := map[string]any{"AllowOrigin": anyOrigin}
	given, isObject := v.(map[string]any)
	_, isText := v.(string)
	switch {
	case isText, isFunction(v):
		cors["AllowOrigin"] = v
		for _, branch := range contents(v) {
			if object(v)["Fn::If"] != nil && !isFunction(branch) {
				s.refuse(id, "Cors is chosen by an Fn::If, which SAM takes for the origin alone: put the Fn::If into AllowOrigin and the other members")
				return
			}
		}
	case isObject:
		s.properties(id, "the property Cors.", given, corsProperties)
		maps.Copy(cors, given)
		for _, key := range []string{"AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge"} {
			if _, isList := given[key].([]any); isList {
				s.refuse(id, "SAM hands on Cors."+key+" as it is, which is a list, and API Gateway refuses it; want one text in single quotes, such as \"'GET,PUT'\"")
				delete(cors, key)
			}
		}
	default:
		s.refuse(id, "SAM refuses Cors: it is neither a text nor an object")
		return
	}
	if cors["AllowCredentials"] == true && cors["AllowOrigin"] == anyOrigin {
		s.refuse(id, "SAM refuses Cors: AllowCredentials is true, and AllowOrigin is '*', as it is where it is not given")
	}
	paths := object(doc["paths"])
	if !pyTrue(cors["AllowOrigin"]) {
		if len(paths) > 0 {
			s.refuse(id, "SAM refuses Cors: AllowOrigin is empty")
		}
		return
	}
	// API Gateway takes /items and /items/ for one resource, and so does SAM.
	done := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		same := path
		if path != "/" {
			same = strings.TrimRight(path, "/")
		}
		if !done[same] {
			done[same] = true
			preflight(paths, path, cors)
		}
	}
}

// auth puts the authorizers, the default one, the API key and the resource policy of the property Auth into a document.
func (s *sam) auth(id string, doc, p map[string]any) {
	v := p["Auth"]
	if !pyTrue(v) {
		return
	}
	auth, ok := v.(map[string]any)
	if !ok || isFunction(v) {
		s.refuse(id, "SAM refuses Auth: it is not an object; SAM accepts no function there")
		return
	}
	s.properties(id, "the property Auth.", auth, authProperties)
	preflights := func(name string) bool {
		v, given := auth[name]
		return !given || pyTrue(s.decided(v))
	}
	// Nobody is to take an operation for one of which it is known who may call it.
	leave := func(v any, preflights bool) {
		eachOperation(doc, func(method string, op map[string]any) {
			if !preflights || strings.EqualFold(method, "options") {
				op["security"] = v
			}
		})
	}
	authorizers := maps.Clone(object(s.decided(auth["Authorizers"])))
	name := s.decided(auth["DefaultAuthorizer"])
	if name == "AWS_IAM" && authorizers["AWS_IAM"] == nil {
		defineSecurity(doc, "AWS_IAM", nil)
		object(doc["securityDefinitions"])["AWS_IAM"] = iamScheme()
	}
	for _, n := range slices.Sorted(maps.Keys(authorizers)) {
		inner(doc, "securityDefinitions")[n] = s.authorizer(id, n, authorizers[n])
	}
	if pyTrue(name) && (len(authorizers) > 0 || name == "AWS_IAM") {
		text, ok := name.(string)
		switch {
		case !ok && s.undecided(id, "Auth.DefaultAuthorizer", name):
			eachOperation(doc, func(_ string, op map[string]any) {
				if op["security"] == nil {
					op["security"] = name // so that nobody takes the operation for one without an authorizer
				}
			})
		case !ok:
			s.refuse(id, "SAM refuses Auth.DefaultAuthorizer: it is not a text; SAM accepts no function there but the Ref of a parameter")
		case authorizers[text] == nil && text != "AWS_IAM":
			s.refuse(id, "SAM refuses Auth.DefaultAuthorizer: "+text+" is not among the Authorizers")
		default:
			secureByDefault(doc, text, authorizers, preflights("AddDefaultAuthorizerToCorsPreflight"))
			if v := s.decided(auth["AddDefaultAuthorizerToCorsPreflight"]); s.undecided(id, "Auth.AddDefaultAuthorizerToCorsPreflight", v) {
				leave(v, true)
			}
		}
	}
	switch v := s.decided(auth["ApiKeyRequired"]); {
	case s.undecided(id, "Auth.ApiKeyRequired", v):
		leave(v, false)
	case pyTrue(v):
		defineSecurity(doc, apiKey, apiKeyScheme())
		requireKeyByDefault(doc, preflights("AddApiKeyRequiredToCorsPreflight"))
		if v := s.decided(auth["AddApiKeyRequiredToCorsPreflight"]); s.undecided(id, "Auth.AddApiKeyRequiredToCorsPreflight", v) {
			leave(v, true)
		}
	}
	if v := auth["ResourcePolicy"]; pyTrue(v) {
		policy, ok := v.(map[string]any)
		if !ok || isFunction(v) {
			s.refuse(id, "SAM refuses Auth.ResourcePolicy: it is not an object; SAM accepts no function there")
			return
		}
		s.networks(id, policy)
		for _, path := range slices.Sorted(maps.Keys(object(doc["paths"]))) {
			addPolicy(doc, policy, path, p["StageName"])
		}
		addStatements(doc, policy["CustomStatements"])
	}
}

// networks checks the lists of networks of a ResourcePolicy that SAM must be able to read.
func (s *sam) networks(id string, policy map[string]any) {
	for _, name := range []string{"SourceVpcWhitelist", "SourceVpcBlacklist"} {
		for _, v := range pyItems(policy[name]) {
			if _, ok := v.(string); !ok {
				s.refuse(id, "SAM refuses Auth.ResourcePolicy."+name+": it is a list of texts; functions stand in "+strings.Replace(name, "SourceVpc", "IntrinsicVpc", 1)+" or "+strings.Replace(name, "SourceVpc", "IntrinsicVpce", 1))
				break
			}
		}
	}
}

// authorizer is the security scheme of one of Auth.Authorizers.
func (s *sam) authorizer(id, name string, v any) map[string]any {
	a, ok := v.(map[string]any)
	if !ok {
		s.refuse(id, "SAM refuses Auth.Authorizers."+name+": it is not an object")
	}
	identity := object(a["Identity"])
	header := identity["Header"]
	if !pyTrue(header) {
		header = "Authorization"
	}
	scheme := map[string]any{"type": "apiKey", "name": header, "in": "header"}
	if pyTrue(a["UserPoolArn"]) {
		authorizer := map[string]any{"type": "cognito_user_pools", "providerARNs": listed(a["UserPoolArn"])}
		if v := identity["ValidationExpression"]; pyTrue(v) {
			authorizer["identityValidationExpression"] = v
		}
		scheme["x-amazon-apigateway-authtype"], scheme["x-amazon-apigateway-authorizer"] = "cognito_user_pools", authorizer
		return scheme
	}
	authorizer := map[string]any{"type": "token", "authorizerUri": map[string]any{"Fn::Sub": []any{
		"arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations",
		map[string]any{"__FunctionArn__": a["FunctionArn"]}}}}
	scheme["x-amazon-apigateway-authtype"], scheme["x-amazon-apigateway-authorizer"] = "custom", authorizer
	take(authorizer, map[string]any{"authorizerResultTtlInSeconds": identity["ReauthorizeEvery"]}, "authorizerResultTtlInSeconds")
	if role := a["FunctionInvokeRole"]; pyTrue(role) && role != "NONE" {
		authorizer["authorizerCredentials"] = role
	}
	switch kind := s.decided(a["FunctionPayloadType"]); kind {
	case "REQUEST":
		scheme["name"], authorizer["type"] = "Unused", "request"
		var sources []string
		for _, kind := range [][2]string{{"Headers", "method.request.header."}, {"QueryStrings", "method.request.querystring."}, {"StageVariables", "stageVariables."}, {"Context", "context."}} {
			for _, v := range asList(identity[kind[0]]) {
				sources = append(sources, kind[1]+scalar(v))
			}
		}
		if len(sources) > 0 {
			authorizer["identitySource"] = strings.Join(sources, ", ")
		} else if ttl := identity["ReauthorizeEvery"]; ttl == nil || pyTrue(ttl) {
			s.refuse(id, "SAM refuses Auth.Authorizers."+name+": of FunctionPayloadType REQUEST it needs Identity with Headers, QueryStrings, StageVariables or Context")
		}
	case nil, "TOKEN", "":
		if v := identity["ValidationExpression"]; pyTrue(v) {
			authorizer["identityValidationExpression"] = v
		}
	default:
		s.refuse(id, fmt.Sprintf("SAM refuses Auth.Authorizers.%s: FunctionPayloadType is %s; it may be TOKEN or REQUEST", name, textOf(kind)))
	}
	return scheme
}

// gatewayResponses puts those of the property into a document.
func (s *sam) gatewayResponses(id string, doc map[string]any, v any) {
	if !pyTrue(v) {
		return
	}
	responses, ok := v.(map[string]any)
	if !ok || isFunction(v) {
		s.refuse(id, "SAM refuses GatewayResponses: it is not an object; SAM accepts no function there")
		return
	}
	for _, typ := range slices.Sorted(maps.Keys(responses)) {
		r, ok := responses[typ].(map[string]any)
		if !ok || isFunction(responses[typ]) {
			s.refuse(id, "SAM refuses GatewayResponses."+typ+": it is not an object; SAM accepts no function there")
			continue
		}
		s.properties(id, "the property GatewayResponses."+typ+".", r, "ResponseParameters ResponseTemplates StatusCode")
		given := object(r["ResponseParameters"])
		s.properties(id, "the property GatewayResponses."+typ+".ResponseParameters.", given, "Headers Paths QueryStrings")
		parameters := map[string]any{}
		for from, prefix := range map[string]string{"Headers": "header.", "Paths": "path.", "QueryStrings": "querystring."} {
			for name, value := range object(given[from]) {
				parameters["gatewayresponse."+prefix+name] = value
			}
		}
		one := map[string]any{"responseParameters": parameters, "responseTemplates": object(r["ResponseTemplates"])}
		if code := r["StatusCode"]; pyTrue(code) {
			text := scalar(code)
			if len(text) == 0 || len(text) > 3 || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsDigit(r) }) >= 0 {
				s.refuse(id, "SAM refuses GatewayResponses."+typ+".StatusCode: it is no number of up to three digits; SAM accepts no function there")
			} else {
				one["statusCode"] = text
			}
		}
		inner(doc, "x-amazon-apigateway-gateway-responses")[typ] = one
	}
}

// stageOf makes the deployment and the stage of an API. The deployment's logical id ends in a digest in fact, which nobody
// can know before; references to it are to Api.Deployment. Without an OpenApiVersion the deployment makes a second stage.
func (s *sam) stageOf(api *samAPI, from, p map[string]any) {
	deployment := map[string]any{"RestApiId": ref(api.id)}
	if !pyTrue(p["OpenApiVersion"]) {
		deployment["StageName"] = "Stage"
	}
	s.made(api, "Deployment", api.id+"Deployment", "AWS::ApiGateway::Deployment", from, deployment)
	if p["StageName"] == nil || p["StageName"] == "" {
		s.refuse(api.id, "SAM refuses an API without StageName, which is required")
	}
	id := api.id + "Stage"
	if name, ok := p["StageName"].(string); ok && alphanumeric(name) {
		id = api.id + name + "Stage"
	} else {
		id += digestOf(name)
	}
	stage := map[string]any{"RestApiId": ref(api.id), "DeploymentId": ref(api.id + "Deployment")}
	take(stage, p, "StageName CacheClusterEnabled CacheClusterSize Variables MethodSettings AccessLogSetting CanarySetting TracingEnabled")
	s.made(api, "Stage", id, "AWS::ApiGateway::Stage", from, stage)
}

// made is make of what an API has, with the name by which templates refer to it.
func (s *sam) made(api *samAPI, name, id, typ string, from, properties map[string]any) {
	s.make(id, typ, api.cause, from, properties)
	s.refs[api.id+"."+name] = id
}

// authorizerPermissions lets API Gateway call the functions of authorizers.
func (s *sam) authorizerPermissions(api *samAPI, from, p map[string]any) {
	for name, v := range object(s.decided(object(p["Auth"])["Authorizers"])) {
		a := object(v)
		if !pyTrue(a["FunctionArn"]) || pyTrue(a["DisableFunctionDefaultPermissions"]) {
			continue
		}
		s.make(api.id+name+"AuthorizerPermission", "AWS::Lambda::Permission", api.cause, from, map[string]any{
			"Action": "lambda:InvokeFunction", "FunctionName": a["FunctionArn"], "Principal": "apigateway.amazonaws.com",
			"SourceArn": map[string]any{"Fn::Sub": []any{"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*", map[string]any{"__ApiId__": ref(api.id)}}},
		})
	}
}

// domain makes the custom domain of an API and the mappings of its base paths.
func (s *sam) domain(api *samAPI, from, p map[string]any) {
	d, ok := p["Domain"].(map[string]any)
	if !ok {
		return
	}
	for _, required := range []string{"DomainName", "CertificateArn"} {
		if d[required] == nil {
			s.refuse(api.id, "SAM refuses Domain: it has no "+required)
		}
	}
	endpoint := orElse(s.decided(d["EndpointConfiguration"]), "REGIONAL")
	version, name := "", "DomainName"
	if endpoint == "PRIVATE" {
		version, name = "V2", "DomainNameV2"
	}
	id := "ApiGatewayDomainName" + version + digestOf(s.decidedIn(d["DomainName"]))
	domain := map[string]any{"EndpointConfiguration": map[string]any{"Types": []any{endpoint}}}
	take(domain, d, "DomainName SecurityPolicy EndpointAccessMode OwnershipVerificationCertificateArn MutualTlsAuthentication Policy")
	certificate := "CertificateArn"
	if endpoint == "REGIONAL" {
		certificate = "RegionalCertificateArn"
	}
	take(domain, map[string]any{certificate: d["CertificateArn"]}, certificate)
	s.made(api, name, id, "AWS::ApiGateway::DomainName"+version, from, domain)
	mapping := func(id string, path any) {
		m := map[string]any{"RestApiId": ref(api.id), "Stage": ref(s.refs[api.id+".Stage"])}
		if version == "" {
			m["DomainName"] = ref(s.refs[api.id+"."+name])
		} else {
			m["DomainNameArn"] = ref(s.refs[api.id+"."+name])
		}
		take(m, map[string]any{"BasePath": path}, "BasePath")
		s.make(id, "AWS::ApiGateway::BasePathMapping"+version, api.cause, from, m)
	}
	paths := s.decided(d["BasePath"])
	if _, isObject := paths.(map[string]any); isObject || !pyTrue(paths) {
		mapping(api.id+"BasePathMapping", nil)
	} else {
		for _, v := range listed(paths) {
			path, ok := s.decided(v).(string)
			if !ok {
				s.refuse(api.id, "SAM refuses Domain.BasePath: it is a text or a list of texts")
				continue
			}
			plain := strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) || unicode.IsDigit(r) {
					return r
				}
				return -1
			}, path)
			if pyTrue(orElse(s.decided(d["NormalizeBasePath"]), true)) {
				path = plain
			}
			mapping(api.id+plain+"BasePathMapping", path)
		}
	}
	s.recordSet(api.cause, from, d)
}

// recordSet makes the DNS records of a custom domain.
func (s *sam) recordSet(cause string, from, domain map[string]any) {
	route53, ok := domain["Route53"].(map[string]any)
	if !ok {
		return
	}
	zone := s.decidedIn(orElse(route53["HostedZoneId"], route53["HostedZoneName"]))
	id := "RecordSetGroup" + digestOf(zone)
	if pyTrue(route53["SeparateRecordSetGroup"]) {
		id = "RecordSetGroup" + digestOf([]any{zone, s.decidedIn(domain["DomainName"])})
	}
	s.make(id, "AWS::Route53::RecordSetGroup", cause, from, map[string]any{})
}

// usagePlan makes the usage plan of an API with its key, its own or the one that APIs share.
func (s *sam) usagePlan(api *samAPI, from, p map[string]any) {
	plan := object(object(p["Auth"])["UsagePlan"])
	prefix := api.id
	switch plan["CreateUsagePlan"] {
	case "PER_API":
	case "SHARED":
		prefix = "Serverless"
	case nil, "NONE":
		return
	default:
		s.refuse(api.id, "SAM refuses Auth.UsagePlan.CreateUsagePlan: it may be PER_API, SHARED or NONE")
		return
	}
	stage := s.refs[api.id+".Stage"]
	stages, keys := []any{}, []any{}
	if of, ok := s.resources[prefix+"UsagePlan"].(map[string]any); ok && prefix != api.id {
		stages = asList(object(of["Properties"])["ApiStages"])
		keys = asList(object(object(s.resources[prefix+"ApiKey"])["Properties"])["StageKeys"])
		if !reflect.DeepEqual(object(s.resources[prefix+"UsagePlan"])["Condition"], from["Condition"]) {
			from = map[string]any{} // any of the APIs is enough; which are there is in their own conditions
		}
	}
	usage := map[string]any{"ApiStages": append(slices.Clone(stages), map[string]any{"ApiId": ref(api.id), "Stage": ref(stage)})}
	take(usage, plan, "UsagePlanName Description Quota Throttle")
	s.made(api, "UsagePlan", prefix+"UsagePlan", "AWS::ApiGateway::UsagePlan", from, usage)
	s.made(api, "ApiKey", prefix+"ApiKey", "AWS::ApiGateway::ApiKey", from, map[string]any{
		"Enabled": true, "StageKeys": append(slices.Clone(keys), map[string]any{"RestApiId": ref(api.id), "StageName": ref(stage)})})
	s.made(api, "UsagePlanKey", prefix+"UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", from, map[string]any{
		"KeyId": ref(prefix + "ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref(prefix + "UsagePlan")})
}
