// Package corslambda runs inside the Lambda function behind an API Gateway REST
// API, and puts the CORS headers on the function's responses. With a proxy
// integration, only the function can do that: API Gateway passes its headers on
// unchanged
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html).
//
// Wrap the handler and change nothing else:
//
//	func main() { lambda.Start(corslambda.Wrap(handle)) }              // a proxy event handler
//	func main() { lambda.Start(corslambda.WrapHandler(mux)) }          // an http.Handler
//	func main() { lambda.Start(corslambda.WrapStreaming(handle)) }     // response streaming
//
// # The policy
//
// The policy is the one in the stage's variables, which come with every event
// (see [cors.Policy.StageVariables]); the mapping template of the preflights
// reads the same ones. It is compiled when a set of variables is first seen,
// and then kept. If the variables are missing or malformed, no origin is
// allowed, and the log says which variable is wrong: once for each set and
// execution environment, not once for each request.
//
// # The headers
//
// The response has each CORS header of the decision once, in the response's
// headers and not in its multiValueHeaders: API Gateway sends a header that is
// in both with both values, which browsers refuse. Access-Control- response
// headers that the handler itself set are removed, in any spelling and from
// both maps. Vary names Origin in every response, beside what the handler put
// there, so that no cache sends one origin's response to another. Everything
// else is the handler's, and its maps are not changed.
//
// A preflight (OPTIONS with Origin and Access-Control-Request-Method) reaches
// the function if its resource has the method ANY. It gets 204 or 403 without a
// call of the handler. Any other OPTIONS request goes to the handler.
//
// The origin is that of the Origin headers of the event, in any spelling. More
// than one, which no browser sends, counts as one value with commas (RFC 9110,
// 5.3), which no list of origins allows.
//
// # The log
//
// A request whose origin is refused is logged in one line:
//
//	{"timestamp":"...","level":"WARN","message":"CORS: origin refused","origin":"https://evil.example",
//	 "reason":"origin not allowed","method":"GET","resource":"/products/{id}","apiRequestId":"..."}
//
// At most ten are logged each minute, in each process. The others are counted, and
// the first refused origin after that minute is logged with their number. A request
// from a page of the same host (Origin is https:// and Host) needs no CORS headers
// and is not logged.
//
// A handler that sets CORS headers of its own, which are removed, is logged once
// in each process. `corsgate logs` reads all of these lines.
//
// A line has the path of the resource. [WithPaths] adds the path of the request,
// which may contain names and numbers of customers.
//
// The handler runs all the same: CORS keeps pages from reading responses, and
// is not access control.
//
// # Errors
//
// An error or a panic of the handler becomes a response, 500 with API Gateway's
// own body {"message": "Internal server error"} and the CORS headers, so that
// the page sees the status and not a network error. It is logged, with the
// stack of a panic, at level ERROR. The invocation then counts as a success to
// Lambda, whose Errors metric does not move; API Gateway's 5XXError does.
// [WithInvocationErrors] reverses this.
//
// If the function cannot respond (a timeout, no memory, an exit), API Gateway
// does, with the headers of its gateway responses.
package corslambda
