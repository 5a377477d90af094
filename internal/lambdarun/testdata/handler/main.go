// Command handler is the Go function of the tests: what it does is asked for by
// the variable INIT and by the event's path.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

func main() {
	switch os.Getenv("INIT") {
	case "never":
		time.Sleep(time.Hour)
	case "exit":
		fmt.Println("about to exit")
		os.Exit(3)
	case "stream":
		lambda.Start(corslambda.WrapStreaming(stream))
	}
	lambda.Start(corslambda.Wrap(handle, corslambda.WithInvocationErrors()))
}

func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body := ""
	switch event.Path {
	case "/error":
		return events.APIGatewayProxyResponse{}, errors.New("no such table")
	case "/panic":
		panic("out of products")
	case "/exit":
		os.Exit(1)
	case "/kill":
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		self.Kill()
		select {}
	case "/hang":
		select {}
	case "/huge":
		body = strings.Repeat("x", 6<<20+1000)
	case "/log":
		fmt.Print("one\ntwo", "\n", "three without an end")
		fmt.Fprintln(os.Stderr)
	case "/child":
		// In the group of this process, and it would outlive it by far.
		cmd := exec.Command("sleep", "3600")
		if err := cmd.Start(); err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		body = fmt.Sprint(cmd.Process.Pid)
	case "/environ":
		b, err := json.Marshal(os.Environ())
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		body = string(b)
	case "/context":
		deadline, _ := ctx.Deadline()
		lc, _ := lambdacontext.FromContext(ctx)
		wd, _ := os.Getwd()
		b, err := json.Marshal(map[string]any{
			"left": time.Until(deadline).Seconds(), "id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"trace": os.Getenv("_X_AMZN_TRACE_ID"), "wd": wd,
		})
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		body = string(b)
	case "/wait":
		// Until as many are here as the event says: they can only be in as many
		// processes.
		dir, want := event.QueryStringParameters["dir"], event.QueryStringParameters["want"]
		if err := os.WriteFile(fmt.Sprintf("%s/%d", dir, os.Getpid()), nil, 0o600); err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		for {
			here, err := os.ReadDir(dir)
			if err != nil || fmt.Sprint(len(here)) == want {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		fallthrough
	default:
		body = fmt.Sprint(os.Getpid())
	}
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: body}, nil
}

func stream(_ context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	var body io.Reader = strings.NewReader("first second")
	if event.Path == "/broken" {
		body = io.MultiReader(strings.NewReader("first "), failing{})
	}
	if event.Path == "/exit" {
		body = io.MultiReader(strings.NewReader("first "), exiting{})
	}
	return &events.APIGatewayProxyStreamingResponse{StatusCode: 201, Headers: map[string]string{"Content-Type": "text/plain"}, Body: body}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the source ran dry") }

type exiting struct{}

func (exiting) Read([]byte) (int, error) { os.Exit(4); return 0, nil }
