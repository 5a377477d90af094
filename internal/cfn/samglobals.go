package cfn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What the SAM transform takes, by its version 1.115.0: it refuses every other property.
const (
	functionGlobals = `Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment Tags PropagateTags
		Tracing KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers DeploymentPreference RolePath PermissionsBoundary
		ReservedConcurrentExecutions ProvisionedConcurrencyConfig AssumeRolePolicyDocument EventInvokeConfig FileSystemConfigs
		CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig RuntimeManagementConfig LoggingConfig
		RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig CapacityProviderConfig FunctionScalingConfig
		PublishToLatestPublished VersionDeletionPolicy`
	functionProperties = functionGlobals + ` FunctionName ImageUri PackageType InlineCode Role Policies Events AutoPublishCodeSha256
		VersionDescription ImageConfig`
	apiGlobals = `Auth Name DefinitionUri CacheClusterEnabled CacheClusterSize MergeDefinitions Variables EndpointConfiguration
		MethodSettings BinaryMediaTypes MinimumCompressionSize Cors GatewayResponses AccessLogSetting CanarySetting TracingEnabled
		OpenApiVersion Domain AlwaysDeploy PropagateTags SecurityPolicy EndpointAccessMode`
	apiProperties = apiGlobals + ` StageName Tags DefinitionBody Models FailOnWarnings Description Mode DisableExecuteApiEndpoint
		ApiKeySourceType Policy`
	httpAPIGlobals = `Auth AccessLogSettings StageVariables Tags CorsConfiguration DefaultRouteSettings Domain RouteSettings
		FailOnWarnings PropagateTags`
	httpAPIProperties      = httpAPIGlobals + ` Name StageName DefinitionBody DefinitionUri Description DisableExecuteApiEndpoint`
	httpEventProperties    = `Path Method ApiId Stage Auth TimeoutInMillis RouteSettings PayloadFormatVersion`
	httpCorsProperties     = `AllowMethods AllowHeaders AllowOrigins MaxAge ExposeHeaders AllowCredentials`
	httpAuthProperties     = `Authorizers DefaultAuthorizer EnableIamAuthorizer`
	stateMachineProperties = `Definition DefinitionUri Logging Role RolePath DefinitionSubstitutions Events Name Type Tags PropagateTags
		Policies Tracing PermissionsBoundary AutoPublishAlias DeploymentPreference UseAliasAsEventTarget`
	functionEventProperties     = `Path Method RestApiId Stage Auth RequestModel RequestParameters TimeoutInMillis ResponseTransferMode`
	stateMachineEventProperties = `Path Method RestApiId Stage Auth UnescapeMappingTemplate`
	corsProperties              = `AllowMethods AllowHeaders AllowOrigin MaxAge AllowCredentials`
	authProperties              = `Authorizers DefaultAuthorizer InvokeRole AddDefaultAuthorizerToCorsPreflight
		AddApiKeyRequiredToCorsPreflight ApiKeyRequired ResourcePolicy UsagePlan`
)

// globals lays the properties of the section Globals under those of the resources.
func (s *sam) globals() {
	all, given := s.root["Globals"]
	delete(s.root, "Globals")
	if !given {
		return
	}
	sections, ok := all.(map[string]any)
	if !ok {
		s.refuse("", "SAM refuses the section Globals: it is not an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		section, ok := sections[name].(map[string]any)
		if !ok {
			s.refuse("", "SAM refuses Globals."+name+": it is not an object")
			continue
		}
		supported := map[string]string{"Function": functionGlobals, "Api": apiGlobals, "HttpApi": httpAPIGlobals}[name]
		if supported != "" {
			for _, key := range unknownIn(section, supported) {
				s.refuse("", "SAM refuses Globals."+name+"."+key+": "+key+" is not among what Globals may have of it")
			}
		}
		for _, id := range s.ids("AWS::Serverless::" + name) {
			r := object(s.resources[id])
			over := section
			switch ignored := r["IgnoreGlobals"].(type) {
			case string:
				if ignored == "*" {
					over = nil
				}
			case []any:
				over = maps.Clone(section)
				for _, key := range ignored {
					if k, ok := key.(string); ok {
						delete(over, k)
					}
				}
			}
			if over != nil {
				r["Properties"] = overlaid(over, object(r["Properties"]), name)
			}
		}
	}
}

// versions gives the documents that SAM writes the version that their APIs want.
func (s *sam) versions() {
	for id, api := range s.apis {
		p := object(object(s.resources[id])["Properties"])
		if doc, ok := p["DefinitionBody"].(map[string]any); ok && api.managed && isVersion3(p["OpenApiVersion"]) {
			delete(doc, "swagger")
			doc["openapi"] = scalar(p["OpenApiVersion"])
		}
	}
}

// overlaid merges a value over one of Globals: objects are merged, lists follow each other, and of all else, intrinsic
// functions among it, the resource's own counts.
func overlaid(global, own any, path string) any {
	switch own := own.(type) {
	case map[string]any:
		g, ok := global.(map[string]any)
		if !ok || isFunction(g) || isFunction(own) {
			return own
		}
		out := maps.Clone(g)
		for k, v := range own {
			if under, given := out[k]; given {
				v = overlaid(under, v, path+"."+k)
			}
			out[k] = v
		}
		return out
	case []any:
		if g, ok := global.([]any); ok && path != "Function.Architectures" {
			return slices.Concat(g, own)
		}
	}
	return own
}

// decided returns the default of the parameter that a value refers to, and any other value as it is. The SAM transform
// does so where it must know a value before the deployment.
func (s *sam) decided(v any) any {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		if name, ok := m["Ref"].(string); ok {
			if parameter, ok := object(s.root["Parameters"])[name].(map[string]any); ok {
				if d, given := parameter["Default"]; given {
					return d
				}
			}
		}
	}
	return v
}

// undecided reports whether a value that SAM must know is that of a parameter without a default, and records it.
func (s *sam) undecided(id, name string, v any) bool {
	parameter, _ := object(v)["Ref"].(string)
	if _, ok := object(s.root["Parameters"])[parameter]; !ok {
		return false
	}
	s.problem(id, fmt.Sprintf("%s is the parameter %s, which has no default: give it with --parameter %s=VALUE", name, parameter, parameter), Elsewhere)
	return true
}

// decidedIn is decided for all that is in a value, Fn::Sub included.
func (s *sam) decidedIn(v any) any {
	v = s.decided(v)
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if text, ok := e.(string); ok && k == "Fn::Sub" && len(v) == 1 {
				e = references.ReplaceAllStringFunc(text, func(r string) string {
					if d, ok := s.decided(ref(strings.TrimSuffix(r[2:], "}"))).(string); ok {
						return d
					}
					return r
				})
			}
			out[k] = s.decidedIn(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.decidedIn(e)
		}
		return out
	}
	return v
}
