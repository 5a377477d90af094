// Package corsapi gives an API Gateway REST API the CORS answers of one
// [cors.Policy]: to preflights, on the answers of its methods, and on the
// errors that API Gateway makes itself.
//
// [NewRestApi] is awsapigateway.NewRestApi with a policy; [Enable] does the same
// for a RestApi that exists, and [NewSpecRestApi] gives the same answers to an API
// of an OpenAPI document. Nothing has to be declared twice: at synthesis,
// when all resources and methods are there, an aspect looks at what the API
// really has and completes it.
//
//   - Every resource that has a method gets an OPTIONS method, a mock
//     integration whose request template compares the request's origin with the
//     allowlist in the stage's variables. An OPTIONS method that is there
//     already is replaced.
//   - Every method that is not a proxy gets the headers, on each of its
//     responses. Proxies must emit them by themselves: a Lambda function that is
//     not known to (corsfunction.NewGoFunction, corsfunction.Emits) is an error.
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
// construct concerned: `cdk synth` prints it, and an error ends it.
package corsapi
