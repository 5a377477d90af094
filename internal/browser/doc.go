// Package browser is the browser's half of CORS: what a page's request turns into on the wire, what the browser concludes
// from each response, and the words of a refusal. It sends nothing itself; [Run] drives a whole exchange over a transport
// that the caller passes, and [Prepare] with [Plan.CheckPreflight] and [Plan.CheckResponse] do one step at a time.
//
// The rules are those of the Fetch standard (https://fetch.spec.whatwg.org/), cited section by section. The names and
// the words of a refusal are Chromium's: [Code] is what the DevTools protocol's Network.CorsErrorStatus.corsError says,
// [Verdict.Message] what the console prints.
//
// # Where Chromium departs from the standard
//
// A verdict must agree with the browser in front of the user. So where Chromium is known to differ from the standard,
// this package does as Chromium does. internal/testkit/fetchcases/fetch-standard.json has the standard's cases, section
// by section, and under "differences" each way in which Chromium does otherwise, with the cases that show it. Chromium
// (156 when the table was written) and this package are both tested against it. [Call.Strict] asks for the standard's
// reading of "*" in Access-Control-Allow-Headers.
//
// Two things the table cannot show. A preflight whose response is a redirect is refused as a redirect before its headers are
// read; in the standard it fails the CORS check first, or else because of its status. Of several headers that a preflight's
// response does not allow, Chromium names whichever its hash table holds first, and this package the first in the alphabet;
// [Verdict.Disallowed] has all of them.
//
// URLs are parsed by github.com/nlnwa/whatwg-url, corrected where it was seen to differ from Chromium in more than hosts
// that no server has; the table lists what is left.
//
// What is not modelled: requests with mode "no-cors" and navigations (no CORS check takes part in them), service workers,
// the HTTP cache, cookies themselves (only whether they would be sent), mixed content, content security policies and
// Chromium's permission prompt for the local network.
package browser
