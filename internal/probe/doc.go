// Package probe sends a deployed API what a browser would send for a page, and more: over both protocols, from look-alikes of
// the page's origin, for a path that is not there. It returns the browser's verdict, the findings of the rules of package
// check, and every exchange.
//
// It sends OPTIONS and GET and, if told so, the page's own request, once; see docs/design/0014-probe.md.
package probe
