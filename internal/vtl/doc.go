// Package vtl parses and evaluates the mapping-template language of Amazon API Gateway's REST APIs: Apache Velocity
// 1.7 with the objects $input, $context, $util and $stageVariables, and with the few departures from Velocity that the
// service has been observed to make.
//
// A template is parsed once, by [Parse], to a tree, and evaluated any number of times, by [Template.Eval], against an
// [Env]. The environment chooses one of two modes. [APIGateway] responds as the service does: an undefined reference
// renders as nothing, and a missing value equals both $null and the empty string. [Velocity17] responds as the stock
// engine does: an undefined reference renders literally, null never equals "", and #set from null does not assign. The
// second mode exists so that everything else can be compared with the real engine; see the differential test.
//
// The grammar, white space included, is that of Velocity 1.7's parser: #set swallows the white space before it, the
// closing parenthesis of a directive swallows the rest of a blank line, numbers take their sign with them (so that
// $n -1 does not parse), and a method's arguments are literals and references, not expressions.
//
// Values are Java's as far as a template can tell. Go's nil is null; bool, string, int64 and float64 stand for Boolean,
// String, Integer (and Long) and Double; [*List] and [*Map] for the collections. Strings count UTF-16 units.
//
// No template can hang, exhaust or crash the evaluator: steps, produced bytes, nesting and loop rounds are bounded by
// [Limits], and passing a bound is an error. What the package does not model, it refuses with an [*Error] that has a line
// and a column whose NotKnown is set, rather than answer wrongly: regular expressions where Java's result may differ, JSONPaths
// that are not read as Jayway's library reads them, #parse, #include and #evaluate, the rarer methods of the Java classes, and what
// is past its bounds.
package vtl
