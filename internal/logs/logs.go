// Package logs reads what CloudWatch Logs has of an API and the functions behind it, and finds in it what kept pages from a response.
//
// It knows three kinds of lines, each told by its form, whatever group or file it comes from: those that functions and
// their runtime write, API Gateway's execution log, and its access log.
package logs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// A Line is one event of a log.
type Line struct {
	// Time is when it was logged; zero where the file does not say.
	Time time.Time
	// Source is the log group, or the file, that it is from.
	Source string
	Text   string
}

// A Scanner takes lines and sums up what they say. The zero value is not usable; see [NewScanner].
type Scanner struct {
	allowed *cors.Policy
	lines   int
	unread  int // that are of no known form
	until   time.Time

	told      recent // what was counted already of requests
	incidents map[key]*incident
	apart     map[rules.ID]int       // how many incidents there are of a rule
	beyond    map[rules.ID]*incident // those that are too many, by rule

	formats  []accessFormat
	late     []lateEntry         // of the access log, until it is known that the execution log has no more of them
	judged   recent              // requests that the execution log told of
	requests map[string]*request // of the execution log, by request id
	open     []string            // their ids, the oldest first
	closing  []string            // ids of those whose last line was seen, the oldest first
	testing  string              // the request of a test invocation's log
	denied   []denial            // by an authorizer that was not called
	admitted map[string]bool     // routes that an authorizer was called for and let in
	nameless map[string]int      // errors whose call is not named yet, by source
}

// NewScanner returns a scanner. Allowed is the policy in force, with which refused origins are compared; nil if it is not known.
func NewScanner(allowed *cors.Policy) *Scanner {
	return &Scanner{allowed: allowed, incidents: map[key]*incident{}, apart: map[rules.ID]int{}, beyond: map[rules.ID]*incident{},
		formats: slices.Clone(documented), requests: map[string]*request{}, nameless: map[string]int{}, admitted: map[string]bool{}}
}

// Subject says in a few words how many lines there were, and the time of the last.
func (s *Scanner) Subject() string {
	subject := fmt.Sprintf("%d log lines", s.lines)
	if s.lines == 1 {
		subject = "1 log line"
	}
	if !s.until.IsZero() {
		subject += " up to " + s.until.UTC().Format(time.DateTime) + " UTC"
	}
	return subject
}

// A key is what incidents are counted by.
type key struct {
	rule                       rules.ID
	source, method, path, what string
}

// An incident is something that happened, once or often.
type incident struct {
	key
	console     string
	origin      string    // the one that was refused; empty where none was
	fix         rules.Fix // the one of the cause; empty for the rule's
	n           int
	first, last time.Time
}

// saw counts an incident, and returns it. What says what happened, without what differs from one time to the next.
func (s *Scanner) saw(l Line, rule rules.ID, method, path, what, console string) *incident {
	return s.sawTimes(l, 1, rule, method, path, what, console)
}

// sawTimes is saw of n incidents.
func (s *Scanner) sawTimes(l Line, n int, rule rules.ID, method, path, what, console string) *incident {
	k := key{rule, l.Source, clip(method), shape(path), what}
	in := s.incidents[k]
	switch {
	case in != nil:
	case s.apart[rule] < kept:
		in = &incident{key: k, console: console, first: l.Time}
		s.incidents[k] = in
		s.apart[rule]++
	case s.beyond[rule] != nil:
		in = s.beyond[rule]
		in.from(l.Source)
	default:
		in = &incident{key: key{rule: rule, source: l.Source}, first: l.Time}
		s.beyond[rule] = in
	}
	in.add(&incident{n: n, first: l.Time, last: l.Time})
	return in
}

// add counts another incident in.
func (in *incident) add(other *incident) {
	in.n += other.n
	if in.first.IsZero() || !other.first.IsZero() && other.first.Before(in.first) {
		in.first = other.first
	}
	if other.last.After(in.last) {
		in.last = other.last
	}
}

// from notes that a sum has incidents of a source, too.
func (in *incident) from(source string) {
	if in.source != source {
		in.source = "all logs"
	}
}

// Add takes a line.
func (s *Scanner) Add(l Line) {
	l.Text = strings.TrimSpace(l.Text)
	if l.Text == "" {
		return
	}
	s.lines++
	if l.Time.After(s.until) {
		s.until = l.Time
	}
	if !s.execution(l) && !s.function(l) && !s.access(l) {
		s.unread++
	}
}

// timed sets the time of a line that has none to the one in its text, if that can be read.
func (s *Scanner) timed(l Line, layout, text string) Line {
	if !l.Time.IsZero() {
		return l
	}
	if at, err := time.Parse(layout, text); err == nil {
		l.Time = at
		if at.After(s.until) {
			s.until = at
		}
	}
	return l
}

// Empty reports whether there was no line.
func (s *Scanner) Empty() bool { return s.lines == 0 }

// Unknown reports whether there were lines, and that none of them was of a known form.
func (s *Scanner) Unknown() bool { return s.lines > 0 && s.unread == s.lines }

// Report sums up. Requests that the log has no end of are judged by what there is of them. Of a rule's incidents it has
// those that happened most, and how many more there are.
func (s *Scanner) Report(suppressions []report.Suppression) *report.Report {
	for _, id := range append(s.closing, s.open...) {
		s.finish(id)
	}
	s.open, s.closing = nil, nil
	s.settle()
	s.deny()
	s.probed()
	byRule := map[rules.ID][]*incident{}
	for _, in := range s.incidents {
		byRule[in.rule] = append(byRule[in.rule], in)
	}
	var found []report.Finding
	for _, rule := range slices.Sorted(maps.Keys(byRule)) {
		all := byRule[rule]
		slices.SortFunc(all, func(a, b *incident) int {
			return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.what, b.what), strings.Compare(a.path, b.path), strings.Compare(a.method, b.method), strings.Compare(a.source, b.source))
		})
		for _, in := range all[:min(shown, len(all))] {
			found = append(found, report.Of(rule, in.finding()))
		}
		if len(all) > shown {
			found = append(found, report.Of(rule, rest(all[shown:], s.beyond[rule])))
		}
	}
	return report.New("logs", s.Subject(), found, suppressions)
}

// finding says what happened where, how often and when.
func (in *incident) finding() report.Finding {
	f := report.Finding{File: in.source, Method: in.method, Path: in.path, Detail: in.what + " (" + in.when() + ")", Console: in.console, Count: in.n, Fix: in.fix}
	if !in.last.IsZero() {
		first, last := in.first.UTC(), in.last.UTC()
		f.First, f.Last = &first, &last
	}
	return f
}

// rest is the finding for incidents that are not told one by one. Beyond are those that were only counted, nil if none.
func rest(more []*incident, beyond *incident) report.Finding {
	sum := &incident{key: key{source: more[0].source}}
	number := fmt.Sprint(len(more))
	if beyond != nil {
		more, number = append(more, beyond), "more than "+number
	}
	for _, in := range more {
		sum.add(in)
		sum.from(in.source)
	}
	return report.Finding{File: sum.source, Detail: fmt.Sprintf("%s more of this kind, none more frequent than those listed (%s)", number, sum.when())}
}

// when says how often and between which times, in UTC.
func (in *incident) when() string {
	times := "once"
	if in.n > 1 {
		times = fmt.Sprintf("%d times", in.n)
	}
	switch first, last := in.first.UTC(), in.last.UTC(); {
	case in.last.IsZero():
		return times
	case in.n == 1 || first.Equal(last):
		return times + ", " + last.Format(time.DateTime) + " UTC"
	default:
		return times + ", from " + first.Format(time.DateTime) + " to " + last.Format(time.DateTime) + " UTC"
	}
}
