package diff

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
)

// ports are numbers for values that stand instead of an origin's port, or in it: a stand-in is none, and an origin
// with one in its port is none that could be asked from.
type ports struct {
	numbers map[string]string // by the symbol's ID
	names   map[string]string // the expressions, by the number
	mixed   []string          // the expressions of values that are more than ports, which have none
}

// inPort matches a port that only a deployment knows, after the host.
var inPort = regexp.MustCompile(`://[^/\s'",|]*?:([0-9]*h-[0-9a-f]{20}\.deployed\.invalid(?:[0-9]|h-[0-9a-f]{20}\.deployed\.invalid)*)`)

// give numbers the values that are ports in APIs, and returns apps in which they have them.
func (p *ports) give(apis [2]*gateway.API, apps [2]*cfn.App) (given [2]*cfn.App, any bool) {
	found, times := map[string]string{}, map[string]int{}
	var all strings.Builder
	for _, api := range apis {
		for _, text := range simulate.Texts(api) {
			all.WriteString(api.App.Show(text) + " ")
			for _, m := range inPort.FindAllStringSubmatch(strings.ReplaceAll(text, `\`, ""), -1) {
				for _, s := range api.App.StandIns(m[1]) {
					found[s.Symbol.ID()] = s.Symbol.String()
					times[s.Symbol.ID()]--
				}
			}
			for _, s := range api.App.StandIns(text) {
				times[s.Symbol.ID()]++
			}
		}
	}
	maps.DeleteFunc(found, func(id, name string) bool {
		more := times[id] > 0 // it is something else, too
		if more && !slices.Contains(p.mixed, name) {
			p.mixed = append(p.mixed, name)
		}
		return more
	})
	if len(found) == 0 {
		return apps, false
	}
	maps.DeleteFunc(found, func(id, _ string) bool { return p.numbers[id] != "" })
	for _, id := range slices.Sorted(maps.Keys(found)) {
		n := 101 // digits may stand beside it in a port, of which the largest is 65535
		for strings.Contains(all.String(), strconv.Itoa(n)) || p.names[strconv.Itoa(n)] != "" {
			n++
		}
		p.numbers[id], p.names[strconv.Itoa(n)] = strconv.Itoa(n), found[id]
	}
	for i, app := range apps {
		given[i] = app.With(cfn.Options{IDs: p.numbers})
	}
	return given, true
}

// show writes expressions instead of numbers, in the ports of origins.
func (p *ports) show(text string) string {
	if p == nil || len(p.names) == 0 {
		return text
	}
	return anyPort.ReplaceAllStringFunc(text, func(origin string) string {
		at := strings.LastIndex(origin, ":")
		port := origin[at:]
		for _, number := range slices.Sorted(maps.Keys(p.names)) {
			port = strings.ReplaceAll(port, number, "${"+p.names[number]+"}")
		}
		return origin[:at] + port
	})
}

var anyPort = regexp.MustCompile(`://[^/\s'",|:]*:[0-9]+`)
