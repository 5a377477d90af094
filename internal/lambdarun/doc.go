// Package lambdarun runs the Lambda functions of a synthesized app as processes
// of this machine, through the Lambda Runtime API,
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
//
// [Functions] reads the functions, [New] makes a [Pool] of them, [Pool.Invoke]
// invokes one and [Pool.Close] ends every process.
//
// What is as on Lambda: one process for each invocation at a time, kept for the
// next one while it lives; the limits of initialization, invocation and response,
// and the words and types of the errors when one is passed; the environment
// variables; that a process which dies is replaced. What is not: memory is not
// limited, there are no extensions, and no layers but corsgate's, the code's folder can be
// written to, and a function beyond its concurrency waits, where Lambda would
// throttle it.
//
// # What can be run
//
// Go programs (provided.al2023, provided.al2, go1.x): the executable of the asset
// where it is for this machine. Otherwise, where corsfunction built it, the
// template says from which source (see package mark), and it is built again for
// this machine.
//
// Node.js (nodejs*) and Python (python3*), with the node and the python3 that are
// installed, whatever their version: inline code or an asset. Those that
// corsfunction.Attach is put on run behind corsgate's wrapper, as deployed.
//
// # What a function sees of this machine
//
// Not the environment of its parent: Lambda's own variables, the function's, and
// the few of the parent without which a program does not run (PATH, the temporary
// folder, proxies). Its home is an empty folder. Credentials for AWS only if
// [Options.HostAWS] says so.
package lambdarun
