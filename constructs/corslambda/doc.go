// Package corslambda is what runs inside the Lambda function behind an API
// Gateway REST API: it puts the CORS headers on the function's answers. With a
// proxy integration nobody else can: API Gateway passes the function's headers
// on as they are
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
// reads the same ones. It is compiled when a set of variables is first seen
// and kept. Where the variables are missing or malformed, no origin is allowed,
// and a line of the log says which variable is wrong: once for each set and
// execution environment, not once for each request.
//
// # The headers
//
// The answer has each CORS header of the decision once, in the response's
// headers and not in its multiValueHeaders: API Gateway sends a header that is
// in both with both values, which browsers refuse. What the handler itself set
// of Access-Control-Allow-Origin, -Allow-Credentials, -Allow-Methods,
// -Allow-Headers, -Expose-Headers, -Max-Age and other Access-Control- response
// headers is dropped, in any spelling and either map. Vary names Origin in
// every answer, so that no cache gives one origin's answer to another, beside
// what the handler put there. Everything else is the handler's, and its maps
// are not written to.
//
// A preflight (OPTIONS with Origin and Access-Control-Request-Method) reaches
// the function where its resource has the method ANY. It is answered, 204 or
// 403, without calling the handler. Any other OPTIONS request is the handler's.
//
// The origin is that of the Origin headers of the event, in any spelling. More
// than one, which no browser sends, is taken for one value with commas (RFC
// 9110, 5.3), which no list of origins allows.
//
// # The log
//
// A request whose origin is refused leaves one line:
//
//	{"timestamp":"...","level":"WARN","message":"CORS: origin refused","origin":"https://evil.example",
//	 "reason":"origin not allowed","method":"GET","resource":"/products/{id}","apiRequestId":"..."}
//
// Ten a minute do, in each process. Those beyond are counted, and the next refused
// origin after that minute leaves a line with their number. A request from a page of
// the host that it is sent to (Origin is https:// and Host), which needs no CORS
// headers, leaves none.
//
// A handler that sets CORS headers of its own, which are left out, leaves one line
// for as long as the process lives. `corsgate logs` reads all of them.
//
// A line has the resource's path. [WithPaths] adds the request's, which may hold
// names and numbers of customers.
//
// The request is answered all the same: CORS keeps pages from reading answers,
// and is no access control.
//
// # Errors
//
// An error or a panic of the handler becomes an answer, 500 with API Gateway's
// own body {"message": "Internal server error"} and the CORS headers, so that
// the page sees the status and not a network error. It is logged, with the
// stack of a panic, at level ERROR. The invocation then counts as a success to
// Lambda, whose Errors metric does not move; API Gateway's 5XXError does.
// [WithInvocationErrors] has it the other way round.
//
// What the function cannot answer (a timeout, no memory, an exit) is answered
// by API Gateway, with the headers of its gateway responses.
package corslambda
