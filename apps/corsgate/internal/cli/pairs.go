package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/gateway"
)

// stageOf is one stage of one API of one template.
type stageOf struct {
	api
	file string // the template's name in its folder, or empty
	name string // the API's, as its Name has it
}

// stagesOf finds the APIs of a template, or of the templates of a folder, and the stages of each; an API or a stage that is chosen
// is the only one.
func stagesOf(from api) ([]stageOf, error) {
	files := []string{from.Template}
	info, err := os.Stat(from.Template)
	folder := err == nil && info.IsDir()
	if folder {
		if files, err = templates(from.Template); err != nil {
			return nil, usage("%w", plain(from.Template, err))
		}
	}
	var out []stageOf
	for _, file := range files {
		app, err := from.open(file)
		if err != nil {
			return nil, err
		}
		for _, choice := range gateway.APIs(app) {
			id := choice.ID
			if from.API != "" && from.API != id {
				continue
			}
			one := stageOf{api: api{Template: file, API: id, Stage: from.Stage, Var: from.Var, values: from.values}, name: choice.Name}
			if folder {
				one.file = filepath.Base(file)
			}
			stages := []string{from.Stage}
			if from.Stage == "" {
				if stages, err = gateway.Stages(app, gateway.Options{API: id}); err != nil {
					return nil, &usageError{err: err}
				}
			}
			if len(stages) == 0 {
				stages = []string{""}
			}
			for _, one.Stage = range stages {
				out = append(out, one)
			}
		}
	}
	switch {
	case len(out) == 0 && folder && from.API != "":
		return nil, usage("%s: no RestApi %s in the templates of the folder", from.Template, from.API)
	case len(out) == 0 && folder:
		return nil, usage("%s: no AWS::ApiGateway::RestApi in the templates of the folder; is it the right one?", from.Template)
	case len(out) == 0:
		out = []stageOf{{api: from}} // reading it says what is wrong
	}
	return out, nil
}

// A pair is the same stage of the same API on both sides; one is nil where it is on one side alone.
type pair struct{ old, now *stageOf }

// pairs finds for each stage of an API what it was: by template, logical id and stage, then by logical id, then by the
// API's name, then whatever is left alone.
func pairs(old, now []stageOf) []pair {
	out := make([]pair, len(now))
	for i := range now {
		out[i].now = &now[i]
	}
	used := make([]bool, len(old))
	match := func(same func(o, n *stageOf) bool) {
		for i := range out {
			for k := range old {
				if out[i].old == nil && !used[k] && same(&old[k], out[i].now) {
					out[i].old, used[k] = &old[k], true
				}
			}
		}
	}
	match(func(o, n *stageOf) bool { return o.file == n.file && o.API == n.API && o.Stage == n.Stage })
	match(func(o, n *stageOf) bool { return o.API == n.API && o.Stage == n.Stage })
	match(func(o, n *stageOf) bool { return o.name != "" && o.name == n.name && o.Stage == n.Stage })
	alone := func(same func(o, n *stageOf) bool) func(o, n *stageOf) bool {
		return func(o, n *stageOf) bool {
			olds, nows := 0, 0
			for k := range old {
				if !used[k] && same(&old[k], n) {
					olds++
				}
			}
			for i := range out {
				if out[i].old == nil && same(o, out[i].now) {
					nows++
				}
			}
			return olds == 1 && nows == 1 && same(o, n)
		}
	}
	match(alone(func(o, n *stageOf) bool { return o.API == n.API || o.name != "" && o.name == n.name })) // another stage
	if apis(old) == 1 && apis(now) == 1 {
		match(func(o, n *stageOf) bool { return o.Stage == n.Stage })
		match(alone(func(o, n *stageOf) bool { return true }))
	}
	for k := range old {
		if !used[k] {
			out = append(out, pair{old: &old[k]})
		}
	}
	return out
}

// apis counts the APIs of stages.
func apis(list []stageOf) int {
	var seen []string
	for _, s := range list {
		if id := strings.Join([]string{s.file, s.API}, "/"); !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	return len(seen)
}
