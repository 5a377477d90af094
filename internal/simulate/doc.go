// Package simulate puts a browser in front of an API: it runs what package browser says a browser does against what
// package gateway says the API responds, and returns all of it as one [Report].
//
// Nothing is sent anywhere. The functions and other backends of the API are a [gateway.Backend] that the caller
// passes: one that runs them, or [NotRun] or [Reply], which stand in for them.
package simulate
