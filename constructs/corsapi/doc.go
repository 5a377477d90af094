// Package corsapi makes an API Gateway REST API follow one [cors.Policy]: in
// the responses to preflights, in the responses of its methods, and in the
// errors that API Gateway itself sends.
//
// [NewRestApi] is awsapigateway.NewRestApi with a policy; [Enable] does the same
// for a RestApi that exists, and [NewSpecRestApi] does it for an API from an
// OpenAPI document. Nothing has to be declared twice: at synthesis, when all
// resources and methods are there, an aspect reads what the API has and
// completes it.
//
//   - Every resource that has a method gets an OPTIONS method, a mock
//     integration whose request template compares the request's origin with the
//     allowlist in the stage's variables. An OPTIONS method that is there
//     already is replaced.
//   - Every method without a proxy integration gets the headers, on each of its
//     responses. Behind a proxy integration, the backend must send them itself: a
//     Lambda function that is not known to (corsfunction.NewGoFunction, Attach and
//     Emits) is an error.
//   - DEFAULT_4XX, DEFAULT_5XX and the API's own gateway responses get static
//     headers; API Gateway cannot compare origins there (see [GatewayErrors]).
//   - Every stage of the API in the app gets the policy's variables.
//   - Every function that a method of NewRestApi invokes has one Lambda
//     permission for the API, instead of two for each method (PermissionPerMethod
//     of [RestApiProps]).
//   - Any change except to the stage's variables causes a new deployment;
//     variables take effect immediately.
//
// Mistakes, and what cannot be known, are reported as annotations on the construct
// concerned: `cdk synth` prints them, and fails if one is an error. A policy that is
// too narrow for the API's own methods is a mistake too: RequestHeaders may lack the
// header of an authorizer, an API key or a signature, or Methods may lack a method. An
// annotation has the id of the rule of `corsgate check` that finds the same in the
// template, if there is one; a suppression of that rule in the metadata of the RestApi
// applies to both.
//
// # cdk-nag
//
// The OPTIONS methods are made at synthesis. They have the suppressions of cdk-nag that
// both their resource (for the root, the API) and all of its other methods have, such
// as those that NagSuppressions_AddResourceSuppressions puts on the API with
// applyToChildren: true. It marks the constructs that exist when it is called, so call
// it after the methods are added. A suppression for OPTIONS methods only can be put on
// the stack (NagSuppressions_AddStackSuppressions).
package corsapi
