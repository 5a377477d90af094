// Package openapi reads an OpenAPI 3.0 document for API Gateway, reports all its
// faults at once, each with the file's line, and renders it with the responses of one
// policy: what corsapi.NewRestApi makes of CloudFormation resources, as one document.
// It knows neither the CDK nor jsii.
//
// Everything that it does not have to change stays as it was written: extensions,
// tokens of the CDK, intrinsic functions of CloudFormation.
//
// https://spec.openapis.org/oas/v3.0.3.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
package openapi
