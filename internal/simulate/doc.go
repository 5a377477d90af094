// Package simulate puts a browser in front of an API: it runs what package browser says a browser does against what
// package gateway says the API responds, and returns all of it as one [Report].
//
// Nothing is sent anywhere. What stands behind the API, its functions above all, is a [gateway.Backend] that the caller
// gives: one that runs them, or [NotRun] or [Reply], which stand in for them.
package simulate
