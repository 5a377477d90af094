// Package transcript writes a report of package simulate for people: what `corsgate explain` prints.
package transcript

import (
	"fmt"
	"io"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
)

// most is how much is printed of a body, or of a line of a template: some templates are a single one.
const most = 240

type printer struct{ *report.Printer }

// Print writes the report of a page's request: the verdict, and then each step.
func Print(w io.Writer, colour report.Palette, asked browser.Call, r *simulate.Report) error {
	p := printer{&report.Printer{Palette: colour}}
	credentials := ""
	if asked.Credentials == browser.Include {
		credentials = ", with credentials"
	}
	p.Line(p.Strong, "", 0, "A page of "+asked.Origin+" requests "+asked.Method+" "+asked.URL+credentials)
	p.WriteByte('\n')
	Verdict(p.Printer, r.Verdict, r.Preflight.Needed && r.Preflight.Verdict.Allowed)
	for _, a := range r.Assumptions {
		p.Line(p.Unsure, "  ", 2, a.Text)
	}
	for _, a := range r.Alternatives {
		p.Line(p.Unsure, "  ", 4, fmt.Sprintf("if %s is %t: %s", a.Condition, a.Holds, a.Verdict.Outcome()))
	}
	for _, hop := range r.Redirects {
		p.hop(hop.Preflight, hop.Actual, hop.Trace)
		p.Line("", "   ", 3, "The response is a redirect, which the browser follows:")
	}
	p.hop(r.Preflight, r.Actual, r.Trace)
	_, err := io.WriteString(w, p.String())
	return err
}

func (p printer) hop(preflight simulate.Preflight, actual simulate.Actual, trace simulate.Trace) {
	p.WriteByte('\n')
	switch {
	case !preflight.Needed && actual.Request == nil:
		p.Line(p.Strong, "", 0, "Nothing is sent")
		return
	case !preflight.Needed:
		p.Line(p.Strong, "", 0, "1. Preflight: not needed")
	default:
		p.Line(p.Strong, "", 0, "1. Preflight: needed")
		for _, r := range preflight.Reasons {
			p.Line("", "   - ", 5, r.Text)
		}
		p.message(preflight.Request, preflight.Response)
		p.course(trace.Preflight, preflight.StandIn)
	}
	p.WriteByte('\n')
	if actual.Request == nil {
		p.Line(p.Strong, "", 0, "2. Actual request: not sent")
		return
	}
	p.Line(p.Strong, "", 0, "2. Actual request")
	if len(actual.Dropped) > 0 {
		p.Line("", "   ", 3, "Not sent, since scripts may not set them: "+strings.Join(actual.Dropped, ", "))
	}
	p.message(actual.Request, actual.Response)
	if len(actual.Readable) > 0 {
		p.WriteByte('\n')
		p.Line("", "   ", 3, "The page can read the headers "+strings.Join(actual.Readable, ", "))
	}
	p.course(trace.Actual, actual.StandIn)
}

// message writes a request and its response.
func (p printer) message(q *simulate.SentRequest, a *simulate.GotResponse) {
	p.WriteByte('\n')
	p.Line("", "   > ", 5, q.Method+" "+q.URL)
	p.headers("   > ", q.Headers)
	p.WriteByte('\n')
	if a == nil {
		p.Line(p.Unsure, "   < ", 5, "not known")
		return
	}
	p.Line("", "   < ", 5, fmt.Sprint(a.Status))
	p.headers("   < ", a.Headers)
	switch {
	case a.Base64 != "":
		p.Line(p.Faint, "   < ", 5, "(a body that is not text)")
	case strings.TrimSpace(a.Text) != "":
		p.Line(p.Faint, "   < ", 5, report.Clip(a.Text, most))
	}
}

func (p printer) headers(indent string, h simulate.Headers) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		p.Line("", indent, 7, textproto.CanonicalMIMEHeaderKey(name)+": "+h[name])
	}
}

// course writes how a response was made.
func (p printer) course(c *simulate.Course, standIn string) {
	if c == nil {
		return
	}
	p.WriteByte('\n')
	p.Line("", "   ", 3, "How this response was made:")
	row := func(what, text string) { p.Line("", fmt.Sprintf("   %-11s ", what), 15, text) }
	if c.Resource != nil {
		row("resource", c.Resource.Path+" ("+c.Resource.ID+")")
	}
	if c.Method != nil {
		row("method", c.Method.Name+" ("+c.Method.ID+")")
	}
	for _, s := range c.Steps {
		if s.Kind == gateway.StepAuthorizer {
			row("authorizer", s.Detail)
		}
	}
	if c.Integration != nil {
		row("integration", strings.TrimSuffix(c.Integration.Type+": "+c.Integration.Detail, ": "))
	}
	shown := map[string]bool{} // a loop comes by the same lines again
	for _, l := range c.Template {
		if at := fmt.Sprint(l.In, l.Line); !shown[at] {
			shown[at] = true
			row(fmt.Sprintf("line %d", l.Line), report.Clip(l.Source, most))
		}
		if l.Value != "" {
			p.Line("", strings.Repeat(" ", 15), 15, "sets "+l.Did+" to "+l.Value)
		}
	}
	if r := c.IntegrationResponse; r != nil {
		text := r.Status
		if r.Pattern != "" {
			text += ", chosen by the pattern " + r.Pattern
		}
		row("response", text)
	}
	for _, s := range c.Steps {
		switch s.Kind {
		case gateway.StepHeader:
			row("header", s.Name+" "+s.Detail)
		case gateway.StepCORS:
			row("cors", s.Detail)
		}
	}
	if g := c.GatewayResponse; g != nil {
		row("gateway", "response "+g.Type+": "+g.Detail)
	}
	if c.Unsupported != "" {
		row("not known", c.Unsupported)
	}
	if standIn != "" {
		row("assumed", standIn)
	}
}

// Verdict writes the verdict. The console's message has lines of its own, so that users can search for it. preflightAllowed
// reports whether there was a preflight that passed; this is printed if the verdict is not known.
func Verdict(p *report.Printer, v simulate.Verdict, preflightAllowed bool) {
	switch {
	case !v.Known:
		p.Line(p.Unsure+p.Strong, "", 0, "Verdict: not known")
		p.Line("", "  ", 2, strings.TrimPrefix(v.Message, "not known: "))
		if preflightAllowed {
			p.Line("", "  ", 2, "The preflight is allowed.")
		}
	case v.Allowed:
		p.Line(p.Good+p.Strong, "", 0, "Verdict: allowed")
	case v.Code != "":
		p.Line(p.Bad+p.Strong, "", 0, "Verdict: refused ("+string(v.Code)+")")
		text := v.Message
		for _, end := range []string{" has been blocked by CORS policy: ", " access control check: "} {
			if before, after, found := strings.Cut(text, end); found {
				p.Line("", "  ", 2, before+end)
				text = after
			}
		}
		p.Line("", "  ", 2, text)
		if len(v.Disallowed) > 1 {
			p.Line("", "  ", 2, "Headers that are not allowed: "+strings.Join(v.Disallowed, ", "))
		}
	default:
		p.Line(p.Bad+p.Strong, "", 0, "Verdict: failed ("+v.NetError+")")
		p.Line("", "  ", 2, v.Message)
	}
	if v.Warning != "" {
		p.Line(p.Unsure, "  ", 2, "Warning: "+v.Warning)
	}
	if v.Section != "" {
		p.Line(p.Faint, "  ", 2, v.Section)
	}
}
