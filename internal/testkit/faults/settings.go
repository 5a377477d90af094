package faults

import (
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
)

const (
	cors     = "Resources: {Web: {Properties: {CorsConfiguration: {"
	urlCors  = "Resources: {Url: {Properties: {Cors: {"
	answers  = `Code: {ZipFile: "exports.handler = async () => ({statusCode: 200, headers: {'Access-Control-Allow-Origin': '*'}})"}`
	anyRoute = "Properties: {ApiId: {Ref: Web}, Target: {'Fn::Sub': 'integrations/${Calls}'}, AuthorizationType: "
)

// OfSettings are faults in internal/check/testdata/settings.yaml, an HTTP API and a function URL for one origin.
var OfSettings = []Fault{
	{"a pattern of subdomains", rules.CORS801, cors + "AllowOrigins: ['https://*.example.com']}}}}", "", ""},
	{"a slash at the end", rules.CORS801, cors + "AllowOrigins: ['https://app.example.com/']}}}}", "", ""},
	{"a path", rules.CORS801, cors + "AllowOrigins: ['https://app.example.com/shop']}}}}", "", ""},
	{"no scheme", rules.CORS801, cors + "AllowOrigins: [app.example.com]}}}}", "", ""},
	{"any port", rules.CORS801, cors + "AllowOrigins: ['http://localhost:*']}}}}", "", ""},
	{"capitals", rules.CORS801, cors + "AllowOrigins: ['https://App.Example.com']}}}}", "", ""},
	{"the scheme's own port", rules.CORS801, cors + "AllowOrigins: ['https://app.example.com:443']}}}}", "", ""},
	{"one of several", rules.CORS801, cors + "AllowOrigins: ['https://app.example.com', 'https://*.example.org']}}}}", "", ""},
	{"a pattern on a URL", rules.CORS801, urlCors + "AllowOrigins: ['https://*.example.com']}}}}", "", ""},
	{"a scheme on a URL", rules.CORS801, urlCors + "AllowOrigins: ['https://*']}}}}", "", ""},
	{"a slash at the end on a URL", rules.CORS801, urlCors + "AllowOrigins: ['https://app.example.com/']}}}}", "", ""},
	{"* with credentials", rules.CORS802, cors + "AllowOrigins: ['*'], AllowCredentials: true}}}}", "", ""},
	{"* among others with credentials", rules.CORS802, cors + "AllowOrigins: ['https://app.example.com', '*'], AllowCredentials: 'true'}}}}", "", ""},
	{"https://* with credentials", rules.CORS802, cors + "AllowOrigins: ['https://*'], AllowCredentials: true}}}}", "", ""},
	{"http://* with credentials", rules.CORS802, cors + "AllowOrigins: ['http://*'], AllowCredentials: true}}}}", "", ""},
	{"* with credentials on a URL", rules.CORS802, urlCors + "AllowOrigins: ['*'], AllowCredentials: true}}}}", "", ""},
	{"the function sends headers, too", rules.CORS803, "Resources: {UrlFn: {Properties: {" + answers + "}}}", "", ""},
	{"the function sends them and answers OPTIONS", rules.CORS803, `Resources: {UrlFn: {Properties: {Code: {ZipFile: "exports.handler = async e => ({statusCode: e.method === 'OPTIONS' ? 204 : 200, headers: {'access-control-allow-origin': 'https://app.example.com'}})"}}}}`, "", ""},
	{"the function behind an alias sends them", rules.CORS803, "Resources: {Live: {Type: 'AWS::Lambda::Alias', Properties: {FunctionName: {Ref: UrlFn}, Name: live}}, Url: {Properties: {TargetFunctionArn: {Ref: Live, 'Fn::GetAtt': null}}}, May: {Properties: {FunctionName: {Ref: Live}}}, UrlFn: {Properties: {" + answers + "}}}", "", ""},
	{"the API's function sends headers", rules.CORS804, "Resources: {Fn: {Properties: {" + answers + "}}}", "", ""},
	{"no setting, and the function sends headers", rules.CORS805, "Resources: {Web: {Properties: {CorsConfiguration: null}}, Fn: {Properties: {" + answers + "}}}", "", ""},
	{"no setting, and a website", rules.CORS805, "Resources: {Web: {Properties: {CorsConfiguration: null}}, Site: {Type: 'AWS::S3::Bucket', Properties: {WebsiteConfiguration: {IndexDocument: index.html}}}}", "", ""},
	{"no setting, and OPTIONS elsewhere", rules.CORS805, "Resources: {Web: {Properties: {CorsConfiguration: null}}, O: {Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: {Ref: Web}, RouteKey: OPTIONS /items, Target: {'Fn::Sub': 'integrations/${Calls}'}}}}", "", ""},
	{"ANY with a JWT", rules.CORS806, "Resources: {Put: {Properties: {RouteKey: 'ANY /items/{id}'}}}", "", ""},
	{"$default with a JWT", rules.CORS806, "Resources: {Put: {Properties: {RouteKey: $default}}}", "", ""},
	{"$default with IAM", rules.CORS806, "Resources: {Put: null, D: {Type: 'AWS::ApiGatewayV2::Route', " + anyRoute + "AWS_IAM, RouteKey: $default}}, Web: {Properties: {CorsConfiguration: {AllowHeaders: [authorization, x-amz-date, x-token, content-type]}}}}", "", ""},
	{"OPTIONS with an authorizer", rules.CORS806, "Resources: {O: {Type: 'AWS::ApiGatewayV2::Route', " + anyRoute + "JWT, AuthorizerId: {Ref: Jwt}, RouteKey: 'OPTIONS /items'}}}", "", ""},
	{"a greedy OPTIONS with an authorizer", rules.CORS806, "Resources: {O: {Type: 'AWS::ApiGatewayV2::Route', " + anyRoute + "CUSTOM, AuthorizerId: {Ref: Token}, RouteKey: 'OPTIONS /{proxy+}'}}}", "", ""},
	{"no methods", rules.CORS807, cors + "AllowMethods: null}}}}", "", ""},
	{"a method is missing", rules.CORS807, cors + "AllowMethods: [GET, POST]}}}}", "", ""},
	{"another route's method is missing", rules.CORS807, "Resources: {List: {Properties: {RouteKey: DELETE /items}}}", "", ""},
	{"no headers", rules.CORS808, cors + "AllowHeaders: null}}}}", "", ""},
	{"no authorization", rules.CORS808, cors + "AllowHeaders: [content-type, x-token]}}}}", "", ""},
	{"no header of a Lambda authorizer", rules.CORS808, cors + "AllowHeaders: [content-type, authorization]}}}}", "", ""},
	{"IAM on a URL", rules.CORS808, "Resources: {Url: {Properties: {AuthType: AWS_IAM}}}", "", ""},
	{"IAM on a route", rules.CORS808, "Resources: {List: {Properties: {AuthorizationType: AWS_IAM}}}", "", ""},
	{"no content-type", rules.CORS809, cors + "AllowHeaders: [authorization, x-token]}}}}", "", ""},
	{"no content-type on a URL", rules.CORS809, urlCors + "AllowHeaders: null}}}}", "", ""},
	{"* for authorization", rules.CORS810, cors + "AllowHeaders: ['*']}}}}", "", ""},
	{"* in headers with credentials", rules.CORS810, urlCors + "AllowHeaders: ['*'], AllowCredentials: true}}}}", "", ""},
	{"* in methods with credentials", rules.CORS810, cors + "AllowMethods: ['*'], AllowCredentials: true}}}}", "", ""},
	{"ANY", rules.CORS811, cors + "AllowMethods: [ANY, PUT]}}}}", "", ""},
	{"small letters", rules.CORS811, cors + "AllowMethods: [get, PUT]}}}}", "", ""},
	{"OPTIONS on a URL", rules.CORS811, urlCors + "AllowMethods: [GET, OPTIONS]}}}}", "", ""},
	{"a day and a second", rules.CORS811, cors + "MaxAge: 86401}}}}", "", ""},
	{"a negative age on a URL", rules.CORS811, urlCors + "MaxAge: -1}}}}", "", ""},
	{"a mapped CORS header", rules.CORS811, "Resources: {Calls: {Properties: {ResponseParameters: {'200': {ResponseParameters: [{Destination: 'overwrite:header.Access-Control-Allow-Origin', Source: '*'}]}}}}}", "", ""},
	{"an app's scheme", rules.CORS811, cors + "AllowOrigins: ['https://app.example.com', 'capacitor://localhost']}}}}", "", ""},
	{"an origin of 254 characters on a URL", rules.CORS811, urlCors + "AllowOrigins: ['https://app.example.com', 'https://" + strings.Repeat("a", 246) + "']}}}}", "", ""},
	{"origins as a text", rules.CORS811, cors + "AllowOrigins: 'https://app.example.com'}}}}", "", ""},
	{"corslambda behind a URL", rules.CORS812, "Resources: {Url: {Properties: {Cors: null}}, UrlFn: {Metadata: {'corsgate:emits': true}}}", "", ""},
	{"corslambda in format 2.0", rules.CORS812, "Resources: {Web: {Properties: {CorsConfiguration: null}}, Put: null, Own: null, Fn: {Metadata: {'corsgate:emits': true}}}", "", ""},
	{"corslambda without variables", rules.CORS812, "Resources: {Web: {Properties: {CorsConfiguration: null}}, Put: null, Own: null, Calls: {Properties: {PayloadFormatVersion: '1.0'}}, Fn: {Metadata: {'corsgate:emits': true}}}", "", ""},
	{"no permission", rules.CORS813, "Resources: {May: null}", "", ""},
	{"a permission for another function", rules.CORS813, "Resources: {May: {Properties: {FunctionName: {Ref: Fn}}}}", "", ""},
	{"a method of a route in small letters", rules.CORS811, cors + "AllowMethods: [GET, put]}}}}", "", ""},
	{"a truth value that is none", rules.CORS811, cors + "AllowCredentials: 'yes'}}}}", "", ""},
	{"an age in words", rules.CORS811, cors + "MaxAge: 1h}}}}", "", ""},
	{"a permission for signed requests", rules.CORS813, "Resources: {May: {Properties: {FunctionUrlAuthType: AWS_IAM}}}", "", ""},
	{"a permission for the function of an alias", rules.CORS813, "Resources: {Live: {Type: 'AWS::Lambda::Alias', Properties: {FunctionName: {Ref: UrlFn}, Name: live}}, Url: {Properties: {Qualifier: live}}}", "", ""},
	{"a permission for an account", rules.CORS813, "Resources: {May: {Properties: {Principal: '111111111111'}}}", "", ""},
	{"a day", rules.CORS814, cors + "MaxAge: 86400}}}}", "", ""},
	{"a day on a URL", rules.CORS814, urlCors + "MaxAge: 86400}}}}", "", ""},
	{"* exposed with credentials", rules.CORS815, cors + "ExposeHeaders: ['*'], AllowCredentials: true}}}}", "", ""},
	{"credentials in a word, for everybody", rules.CORS811, cors + "AllowOrigins: ['*'], AllowCredentials: 'yes'}}}}", "", ""},
	{"a mapping to nowhere", rules.CORS811, "Resources: {Calls: {Properties: {ResponseParameters: {'200': {ResponseParameters: [{Destination: 'header.Vary', Source: Origin}]}}}}}", "", ""},
	{"the origin mapped on the way in", rules.CORS811, "Resources: {Calls: {Properties: {RequestParameters: {'overwrite:header.Origin': 'https://app.example.com'}}}}", "", ""},
	{"no origins", rules.CORS816, cors + "AllowOrigins: null}}}}", "", ""},
	{"an empty list of origins", rules.CORS816, cors + "AllowOrigins: []}}}}", "", ""},
	{"no origins on a URL", rules.CORS816, urlCors + "AllowOrigins: null}}}}", "", ""},
	{"an empty setting", rules.CORS816, "Resources: {Web: {Properties: {CorsConfiguration: {AllowOrigins: null, AllowMethods: null, AllowHeaders: null, ExposeHeaders: null, MaxAge: null}}}}", "", ""},
}
