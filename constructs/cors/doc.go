// Package cors holds the one CORS policy of an API: an allowlist of origins
// and its companions (credentials, methods, headers, max age).
//
// A [Config] is what a person writes. [New] checks it and compiles it to a
// [Policy], which is immutable and decides everything else:
//
//   - [Policy.Match] says whether an origin is allowed;
//   - [Policy.Decide] gives the CORS headers of the answer to any request;
//   - [Policy.Handler] puts them on the answers of an [http.Handler];
//   - [Policy.StageVariables] is the form in which the policy is deployed, and
//     [FromStageVariables] reads it back;
//   - [Policy.PreflightTemplate] and [Policy.ResponseTemplate] are the same
//     decision in API Gateway's mapping-template language.
//
// The package is pure Go. It imports neither the AWS CDK nor any AWS SDK, so a
// Lambda function can link it without them.
package cors
