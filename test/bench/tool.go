package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// tool measures corsgate the command.
func (b *bench) tool(ctx context.Context) error {
	program := filepath.Join(b.dir, "corsgate")
	if err := build(ctx, program, "apps/corsgate"); err != nil {
		return err
	}
	a, err := b.newApps(ctx)
	if err != nil {
		return err
	}
	if err := a.reading(ctx, program); err != nil {
		return err
	}
	if err := a.linting(ctx, program); err != nil {
		return err
	}
	return a.serving(ctx, program)
}

// reading measures check and diff on templates of this library that fit in a
// stack.
func (a *apps) reading(ctx context.Context, program string) error {
	a.table.section("corsgate, ms", "", "check", "diff (an origin added)")
	for _, n := range a.routes {
		before, err := a.facts(ctx, restForm, size{routes: n, origins: usual})
		if err != nil {
			return err
		}
		if before.unfit() != "" {
			break
		}
		after, err := a.facts(ctx, restForm, size{routes: n, origins: usual + 1})
		if err != nil {
			return err
		}
		var check, diff []float64
		for range a.runs {
			ms, err := corsgate(ctx, program, "check", before.template)
			if err != nil {
				return err
			}
			check = append(check, ms)
			if ms, err = corsgate(ctx, program, "diff", before.template, after.template); err != nil {
				return err
			}
			diff = append(diff, ms)
		}
		a.table.row("a template of NewRestApi", fmt.Sprintf("%d routes", n), number(median(check)), number(median(diff)))
	}
	return nil
}

// linter is another tool that reads templates: https://pypi.org/project/cfn-lint.
const linter = "cfn-lint==1.58.0"

// lintedRoutes is the size of the API that both read.
const lintedRoutes = 120

// linting measures check beside a linter, on one template.
func (a *apps) linting(ctx context.Context, program string) error {
	python, err := pythonWith(ctx, a.log, linter)
	if err != nil {
		return err
	}
	routes := lintedRoutes
	if a.quick {
		routes = a.routes[0]
	}
	name := filepath.Join(a.dir, "linted.template.json")
	if err := os.WriteFile(name, plainTemplate(routes), 0o600); err != nil {
		return err
	}
	var check, lint []float64
	for range a.runs {
		ms, err := corsgate(ctx, program, "check", name)
		if err != nil {
			return err
		}
		check = append(check, ms)
		start := time.Now()
		cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(python), "cfn-lint"), name)
		// From 2 to 14 is for what is found.
		if out, err := cmd.CombinedOutput(); err != nil && (cmd.ProcessState.ExitCode() < 2 || cmd.ProcessState.ExitCode() > 14) {
			return fmt.Errorf("cfn-lint: %w\n%s", err, out)
		}
		lint = append(lint, float64(time.Since(start))/float64(time.Millisecond))
	}
	a.table.section("reading one template, ms", "", "check", linter)
	a.table.row("an API by hand", fmt.Sprintf("%d routes", routes), number(median(check)), number(median(lint)))
	a.atLeast("cfn-lint's time for a template, of check's", fmt.Sprintf("%d routes", routes), median(lint)/median(check), 20)
	return nil
}

// plainTemplate is one of an API with so many resources, each with GET and OPTIONS by mocks.
func plainTemplate(routes int) []byte {
	type m = map[string]any
	const origin = "method.response.header.Access-Control-Allow-Origin"
	api := m{"Ref": "Api"}
	resources := m{"Api": m{"Type": "AWS::ApiGateway::RestApi", "Properties": m{"Name": "api"}}}
	var methods []string
	for i := range routes {
		part := fmt.Sprintf("Part%d", i)
		resources[part] = m{"Type": "AWS::ApiGateway::Resource", "Properties": m{"RestApiId": api, "ParentId": m{"Fn::GetAtt": []string{"Api", "RootResourceId"}}, "PathPart": strings.ToLower(part)}}
		for _, method := range []string{"GET", "OPTIONS"} {
			id := method + part
			methods = append(methods, id)
			resources[id] = m{"Type": "AWS::ApiGateway::Method", "Properties": m{"RestApiId": api, "ResourceId": m{"Ref": part}, "HttpMethod": method, "AuthorizationType": "NONE",
				"MethodResponses": []m{{"StatusCode": "200", "ResponseParameters": m{origin: true}}},
				"Integration": m{"Type": "MOCK", "RequestTemplates": m{"application/json": `{"statusCode": 200}`},
					"IntegrationResponses": []m{{"StatusCode": "200", "ResponseParameters": m{origin: "'https://app.example.com'"}}}}}}
		}
	}
	resources["Deployment"] = m{"Type": "AWS::ApiGateway::Deployment", "DependsOn": methods, "Properties": m{"RestApiId": api, "StageName": "prod"}}
	text, err := json.Marshal(m{"Resources": resources})
	if err != nil {
		panic(err) // it is made of texts alone
	}
	return text
}

// corsgate runs a command of the tool and gives the milliseconds it took.
func corsgate(ctx context.Context, program string, args ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	ms := float64(time.Since(start)) / float64(time.Millisecond)
	// 1 is for what is found, and an origin added is something.
	if err != nil && cmd.ProcessState.ExitCode() != 1 {
		return 0, fmt.Errorf("corsgate %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return ms, nil
}

// serving measures serve, whose API passes requests on to a stub.
func (a *apps) serving(ctx context.Context, program string) error {
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	}))
	defer stub.Close()
	routes := a.routes[0]
	f, err := a.facts(ctx, restForm, size{routes: routes, origins: usual, backend: stub.URL})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, program, "serve", "--invoke", "--template", f.template, "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { stop(); cmd.Wait() }()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "API")
	if err != nil || !ok {
		return fmt.Errorf("corsgate serve says %q: %w", line, err)
	}
	url = strings.TrimRight(strings.TrimSpace(url), "/") + "/route000"

	origin := http.Header{"Origin": {"https://customer-00000.example.com"}}
	preflight := origin.Clone()
	preflight.Set("Access-Control-Request-Method", "POST")
	loads := []load{
		{http.MethodOptions, url, preflight, http.StatusNoContent},
		{http.MethodGet, url, origin, http.StatusOK},
		{http.MethodGet, stub.URL, origin, http.StatusOK},
	}
	rates := make([][]float64, len(loads))
	for range a.runs {
		for i, l := range loads {
			rate, err := l.run(ctx, a.requests())
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	at := fmt.Sprintf("%d routes", routes)
	a.table.section("corsgate serve, requests a second", "", "preflight", "GET, to a stub", "the stub alone", "preflight to the stub's")
	a.table.row(fmt.Sprintf("%d clients at once", clients), at, number(median(rates[0])), number(median(rates[1])), number(median(rates[2])), number(ratio(rates[0], rates[2])))
	a.atLeast("preflights a second that serve answers, of the stub's requests", at, ratio(rates[0], rates[2]), 6_000.0/33_798) // as measured on two quiet cores
	a.atLeast("preflights a second that serve answers", "this machine", median(rates[0]), 6_000)
	return a.growth(ctx, cmd.Process.Pid, loads[0])
}

// growth measures what memory serve has after many preflights and after many
// more. It needs Linux.
func (a *apps) growth(ctx context.Context, pid int, l load) error {
	many := 1_000_000
	if a.quick {
		many = 10_000
	}
	var mb [2]float64
	for i, n := range []int{many / 10, many - many/10} {
		if _, err := l.run(ctx, n); err != nil {
			return err
		}
		resident, err := residentMB(pid)
		if err != nil {
			a.table.section("corsgate serve, memory", "", "")
			a.table.row("MB after preflights", "this machine", "not known: "+err.Error())
			return nil
		}
		mb[i] = resident
	}
	a.table.section("corsgate serve, memory in MB", "", "after a tenth", "after all")
	a.table.row(grouped(fmt.Sprint(many))+" preflights", "this machine", number(mb[0]), number(mb[1]))
	a.atMost("serve's memory after all of them, of that after a tenth", "this machine", mb[1]/mb[0], 1.25, "")
	return nil
}

// residentMB reads the resident memory of a process.
func residentMB(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, pages int
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		return 0, err
	}
	return float64(pages*os.Getpagesize()) / 1e6, nil
}

func (b *bench) requests() int {
	if b.quick {
		return 10 * clients
	}
	return 500 * clients
}

// A load is a request to send often.
type load struct {
	method, url string
	header      http.Header
	status      int // that is wanted
}

const clients = 8

// run sends n requests, shared among the clients, and gives how many a second
// were answered.
func (l load) run(ctx context.Context, n int) (float64, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	errs := make([]error, clients)
	start := time.Now()
	for i := range clients {
		wg.Go(func() {
			for range n / clients {
				if errs[i] = l.send(ctx, client); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(start).Seconds(), errors.Join(errs...)
}

func (l load) send(ctx context.Context, client *http.Client) error {
	r, err := http.NewRequestWithContext(ctx, l.method, l.url, nil)
	if err != nil {
		return err
	}
	r.Header = l.header
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != l.status {
		err = fmt.Errorf("%s %s: got %s %s, want %d", l.method, l.url, answer.Status, body, l.status)
	}
	return err
}
