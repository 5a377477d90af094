// Package corsapi gives an API Gateway REST API the CORS responses of one
// [cors.Policy]: to preflights, on the responses of its methods, and on the
// errors that API Gateway makes itself.
//
// [NewRestApi] is awsapigateway.NewRestApi with a policy; [Enable] does the same
// for a RestApi that exists, and [NewSpecRestApi] gives the same to an API
// of an OpenAPI document. Nothing has to be declared twice: at synthesis,
// when all resources and methods are there, an aspect looks at what the API
// really has and completes it.
//
//   - Every resource that has a method gets an OPTIONS method, a mock
//     integration whose request template compares the request's origin with the
//     allowlist in the stage's variables. An OPTIONS method that is there
//     already is replaced.
//   - Every method that is not a proxy gets the headers, on each of its
//     responses. Proxies must emit them by themselves: a Lambda function that is not
//     known to (corsfunction.NewGoFunction, Attach and Emits) is an error.
//   - DEFAULT_4XX, DEFAULT_5XX and the API's own gateway responses get static
//     headers; API Gateway cannot compare origins there (see [GatewayErrors]).
//   - Every stage of the API in the app gets the policy's variables.
//   - Every function that a method of NewRestApi invokes has one Lambda
//     permission for the API, in the place of two a method (PermissionPerMethod
//     of [RestApiProps]).
//   - Every deployment of the API notices all of it but the variables, which
//     take effect without one.
//
// What cannot be right, or cannot be known, is reported as an annotation on the
// construct concerned: `cdk synth` prints it, and an error ends it. So is what the
// API's own methods make insufficient in the policy: a header of an authorizer, an API
// key or a signature that RequestHeaders lacks, a method that Methods leaves out. A
// remark has the id of the rule of `corsgate check` that finds the same in the
// template, if there is one; a suppression of that rule in the metadata of the
// RestApi is for both.
//
// # cdk-nag
//
// The OPTIONS methods are made at synthesis. They have the suppressions of cdk-nag that
// both their resource (for the root, the API) and all of its other methods have, such
// as those that NagSuppressions_AddResourceSuppressions puts on the API with
// applyToChildren: true. It marks what is there when it is called, so call it when the
// API has its methods. One that is for OPTIONS methods alone can be put on the stack
// (NagSuppressions_AddStackSuppressions).
package corsapi
