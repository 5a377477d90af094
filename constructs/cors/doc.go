// Package cors is the CORS policy of an API: an allowlist of origins and its
// companions (credentials, methods, headers, max age).
//
// You write a [Config]. [New] checks it and compiles it to a [Policy], which is
// immutable and decides everything else; [Must] is New for a Config that is a
// literal in the program:
//
//   - [Policy.Match] reports whether an origin is allowed;
//   - [Policy.Decide] returns the CORS headers of the response to any
//     request;
//   - [Policy.Handler] adds them to the responses of an [http.Handler];
//   - [Policy.StageVariables] is the form in which the policy is deployed, and
//     [FromStageVariables] reads it back;
//   - [Policy.UnsupportedByHTTPAPI] and [Policy.UnsupportedByFunctionURL] return
//     what the CORS settings of these cannot have.
//
// # Names
//
// The fields of Config beside those of awsapigateway.CorsOptions and of
// github.com/jub0bs/cors:
//
//	cors.Config       AWS CDK                     jub0bs/cors
//	Origins           AllowOrigins                Origins
//	AllowCredentials  AllowCredentials            Credentialed
//	Methods           AllowMethods                Methods
//	RequestHeaders    AllowHeaders                RequestHeaders
//	ExposedHeaders    ExposeHeaders               ResponseHeaders
//	MaxAge            MaxAge (an awscdk.Duration) MaxAgeInSeconds
//	MaxAge: NoCache   DisableCache                MaxAgeInSeconds: -1
//	-                 StatusCode (here 204)       -
//
// DangerouslyTolerateInsecureOrigins and
// DangerouslyTolerateSubdomainsOfPublicSuffixes have the names of jub0bs/cors.
// The second tolerates more here, because more is refused without it.
//
// Two defaults differ. Without Methods, each resource allows the methods that it
// has; the CDK allows all methods, and jub0bs/cors allows GET, HEAD and POST.
// Without RequestHeaders, no header is allowed beyond the CORS-safelisted ones,
// as in jub0bs/cors; the CDK allows Content-Type, Authorization, X-Api-Key and
// three headers of AWS's signatures. The CDK does not check origins and has no
// origin patterns.
//
// # HTTP APIs and function URLs
//
// A policy is for a REST API, whose preflight template and functions apply it.
// An API Gateway HTTP API and a Lambda function URL have a CORS setting of their
// own, which compares whole origins. It can have a policy's exact origins and "*",
// its methods, headers, credentials and max age, but not its patterns:
//
//	an entry of Origins          HTTP API               function URL
//	https://app.example.com      as it is               as it is, up to 253 characters
//	*                            as it is               as it is
//	a token (a deployed value)   as it is               as it is
//	https://*.example.com        -                      -
//	http://localhost:*           -                      -
//	capacitor://localhost        -                      not known
//
// (An HTTP API also accepts https://* and http://*, which allow every page of a
// scheme. No policy means that.) [Policy.UnsupportedByHTTPAPI] and
// [Policy.UnsupportedByFunctionURL] return the entries of a policy that the setting
// cannot have, each with the reason, and their comments say what else differs.
// `corsgate render --as http-api` and `--as function-url` write the setting, or
// print these entries.
//
// The package is pure Go. It imports neither the AWS CDK nor any AWS SDK, so a
// Lambda function can link it without them.
package cors
