// Package check finds what in a CloudFormation template keeps pages at other origins from using a REST API of Amazon
// API Gateway, or lets pages use it that should not.
//
// Package rules describes each rule. The code that decides it is here: a pure function over a [View], one stage of one API,
// which the table in rules.go has by the rule's id. Where the model of the service and of the browser (package simulate) can
// decide, the function asks the model, so that a template is judged by what it does and not by how it is written; only what
// the model cannot show (a header that is not declared, a deployment that is not remade) is read from the text.
package check
