// Package probe asks a deployed API, over the wire, what a browser would ask for a page and more than a browser shows: over
// both protocols, from look-alikes of the page's origin, for a path that is not there. It returns the browser's verdict, what
// the rules of package check make of the responses, and every exchange.
//
// It sends OPTIONS and GET and, if told so, the page's own request, once; see docs/design/0014-probe.md.
package probe
