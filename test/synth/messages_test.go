package synth

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapi"
)

// countMessages counts those that building and synthesizing an app takes to the
// JavaScript process: a line each.
func countMessages(t *testing.T, build func(awscdk.App)) int {
	t.Helper()
	dir := t.TempDir()
	log, node := filepath.Join(dir, "messages"), filepath.Join(dir, "node")
	if err := os.WriteFile(node, []byte("#!/bin/sh\ntee '"+log+"' | node \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	jsii.Close()
	t.Setenv("JSII_NODE", node)
	synthesize(t, nil, build)
	jsii.Close()
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}

// The messages are what corsgate's part of a synthesis takes, so there are no
// more of them for more routes.
func TestMessagesDoNotGrowWithRoutes(t *testing.T) {
	build := func(apis, routes int, corsgate bool) func(awscdk.App) {
		return func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			fn := proxy(s, "Fn")
			for i := range apis {
				id := jsii.String(string(rune('A' + i)))
				api := awsapigateway.RestApi(nil)
				if corsgate {
					api = corsapi.NewRestApi(s, id, &corsapi.RestApiProps{Cors: two(t)})
				} else {
					api = awsapigateway.NewRestApi(s, id, nil)
				}
				addRoutes(api, routes, fn)
				for i := range routes {
					add(api.Root(), fmt.Sprint("mock", i), "GET", mock())
				}
			}
		}
	}
	added := func(apis, routes int) int {
		return countMessages(t, build(apis, routes, true)) - countMessages(t, build(apis, routes, false))
	}
	few, many, two := added(1, 2), added(1, 12), added(2, 2)
	if few <= 0 || few != many {
		t.Errorf("%d messages more than the CDK's for 2 routes, %d for 12", few, many)
	}
	if two > 2*few {
		t.Errorf("%d messages more for two APIs, %d for one", two, few)
	}
	t.Logf("%d messages for one API, %d for two", few, two)
}
