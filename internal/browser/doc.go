// Package browser is the browser's half of CORS: what a page's request turns into on the wire, what the browser concludes
// from each answer, and in which words it says no. It sends nothing itself; [Run] drives a whole exchange over a
// transport the caller gives, and [Prepare] with [Plan.CheckPreflight] and [Plan.CheckResponse] do one step at a time.
//
// The rules are those of the Fetch standard (https://fetch.spec.whatwg.org/), cited section by section. The names and
// the words of a refusal are Chromium's: [Code] is what the DevTools protocol's Network.CorsErrorStatus.corsError says,
// [Verdict.Message] what the console prints.
//
// # Where Chromium departs from the standard
//
// A verdict is worth something only if the browser in front of the user agrees, so where Chromium is known to differ in
// what happens, this package does as Chromium does:
//
//   - Equal header names are combined into one header before anything is counted or judged, so two Accept values of 100
//     bytes each are one of 202 and cause a preflight. The standard judges each value by itself.
//   - Client hints (dpr, save-data, ...) are safelisted request-headers, and a range whose numbers need more than 64 bits
//     is not; see [SafelistedHeader].
//   - User-Agent is dropped when a script sets it. The standard lets scripts set it, and preflights it.
//   - "*" in Access-Control-Allow-Headers covers authorization, with a [Verdict.Warning]. The standard has authorization
//     named; [Request.Strict] asks for that.
//   - A preflight answered with a redirect (a status that redirects, and a Location) is refused as one before its headers
//     are looked at. In the standard it fails the CORS check first, or else for its status.
//   - An empty Location is no redirect. In the standard it leads to the same URL again.
//   - A preflight that an XMLHttpRequest's upload listener forced, answered without Access-Control-Allow-Methods, does
//     not stand for the request's own method (in the standard, CORS-preflight fetch, step 7.4, it does), and the listener
//     forces one only if there is a body to upload.
//   - A negative Access-Control-Max-Age means "do not cache". In the standard it does not parse, which means five seconds.
//   - The answer to a preflight is not remembered where the request's origin is opaque. In the standard, null matches null.
//   - A redirect to a URL with a user name and password is not followed even within the page's own origin.
//
// All of these were seen in Chromium 156. One thing could not be mirrored: of several headers that a preflight's answer
// does not allow, Chromium names whichever its hash table holds first, and this package the first in the alphabet;
// [Verdict.Disallowed] has all of them.
//
// What is not modelled: requests with mode "no-cors" and navigations (no CORS check takes part in them), service workers,
// the HTTP cache, cookies themselves (only whether they would be sent), mixed content, content security policies and
// Chromium's permission prompt for the local network.
package browser
