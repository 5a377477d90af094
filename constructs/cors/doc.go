// Package cors holds the one CORS policy of an API: an allowlist of origins
// and its companions (credentials, methods, headers, max age).
//
// A [Config] is what a person writes. [New] checks it and compiles it to a
// [Policy], which is immutable and decides everything else; [Must] is New for a
// Config that is written out in the program:
//
//   - [Policy.Match] says whether an origin is allowed;
//   - [Policy.Decide] gives the CORS headers of the answer to any request;
//   - [Policy.Handler] puts them on the answers of an [http.Handler];
//   - [Policy.StageVariables] is the form in which the policy is deployed, and
//     [FromStageVariables] reads it back.
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
// has; the CDK then allows all methods, and jub0bs/cors GET, HEAD and POST.
// Without RequestHeaders, no header is allowed beyond the CORS-safelisted ones,
// as in jub0bs/cors; the CDK then allows Content-Type, Authorization, X-Api-Key
// and three headers of AWS's signatures. The CDK does not check origins and has
// no patterns of them.
//
// The package is pure Go. It imports neither the AWS CDK nor any AWS SDK, so a
// Lambda function can link it without them.
package cors
