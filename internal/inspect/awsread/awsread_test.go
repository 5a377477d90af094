package awsread

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/corsgate/corsgate/internal/version"
)

const (
	secret = "fake/Secret+Key0123456789012345678901234"
	token  = "FakeSessionTokenFakeSessionToken"
)

// environment is that of a user, with nothing of this machine's.
func environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token, "AWS_REGION": "eu-west-1",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func at(t *testing.T, url string) aws.Config {
	t.Helper()
	environment(t)
	cfg, err := Load(t.Context(), Options{EndpointURL: url})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestReadOnly holds that no operation leaves this machine but those of the list: every operation of the services
// is tried.
func TestReadOnly(t *testing.T) {
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Amz-Target"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"BadRequestException"}`)
	}))
	defer server.Close()
	cfg := at(t, server.URL)
	for service, client := range map[string]any{"API Gateway": apigateway.NewFromConfig(cfg), "ApiGatewayV2": apigatewayv2.NewFromConfig(cfg), "Lambda": lambda.NewFromConfig(cfg), "CloudWatch Logs": cloudwatchlogs.NewFromConfig(cfg)} {
		v := reflect.ValueOf(client)
		refused, allowed := 0, 0
		for i := range v.NumMethod() {
			name, method := v.Type().Method(i).Name, v.Method(i)
			if method.Type().NumIn() != 3 || method.Type().NumOut() != 2 {
				continue // no operation
			}
			sent = nil
			in := reflect.New(method.Type().In(1).Elem())
			fill(in.Elem())
			out := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
			err, _ := out[1].Interface().(error)
			if _, ok := Action(service, name); ok {
				allowed++
				if !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "Describe") && !strings.HasPrefix(name, "Filter") {
					t.Errorf("%s %s is on the list", service, name)
				}
				if len(sent) == 0 {
					t.Errorf("%s %s was not sent: %v", service, name, err)
				}
				if service != "CloudWatch Logs" && len(sent) > 0 && !strings.HasPrefix(sent[0], "GET ") {
					t.Errorf("%s %s was sent as %s", service, name, sent[0])
				}
				continue
			}
			refused++
			if len(sent) > 0 || err == nil {
				t.Errorf("%s %s was sent: %q, %v", service, name, sent, err)
			}
		}
		if refused < 20 || allowed != len(reads[service]) {
			t.Errorf("%s: %d operations refused, %d allowed", service, refused, allowed)
		}
	}
}

// fill gives every string of an input a value, so that it is not refused for a missing one.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case !f.CanSet():
		case f.Type() == reflect.TypeFor[*string]():
			f.Set(reflect.ValueOf(aws.String("x")))
		}
	}
}

// answering is a service that gives one response to everything.
func answering(t *testing.T, status int, body string) *apigateway.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, strings.ReplaceAll(body, "CANONICAL", r.Header.Get("Authorization")+" "+r.Header.Get("X-Amz-Security-Token")))
	}))
	t.Cleanup(server.Close)
	return apigateway.NewFromConfig(at(t, server.URL))
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string
		kind   error
	}{
		{403, `{"__type":"AccessDeniedException","message":"User: arn:aws:iam::1:user/x is not authorized to perform: apigateway:GET"}`, "GetRestApi: access denied; the IAM action apigateway:GET would allow it", ErrDenied},
		{404, `{"__type":"NotFoundException","message":"Invalid API identifier specified 1:x"}`, "GetRestApi: not found", ErrNotFound},
		{403, `{"__type":"InvalidSignatureException","message":"The Canonical String for this request should have been CANONICAL"}`, "API Gateway does not accept the AWS credentials (InvalidSignatureException): are they of this account and region, eu-west-1?", nil},
		{403, `{"__type":"ExpiredTokenException","message":"CANONICAL"}`, "the AWS credentials have expired (ExpiredTokenException): log in anew (aws sso login), or renew the session token", nil},
		{400, `{"__type":"Odd\nException","message":"CANONICAL"}`, "GetRestApi failed with OddException", nil},
		{200, `<html>CANONICAL</html>`, "responded with status 200", nil},
	} {
		_, err := answering(t, tt.status, tt.body).GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: aws.String("x")})
		got := Explain(err, "eu-west-1")
		if got == nil || !strings.Contains(got.Error(), tt.want) || strings.Contains(got.Error(), "\n") || tt.kind != nil && !errors.Is(got, tt.kind) {
			t.Errorf("%s:\n got %v\nwant %s", tt.body, got, tt.want)
		}
		if strings.Contains(fmt.Sprint(got), token) || strings.Contains(fmt.Sprint(got), secret) {
			t.Errorf("credentials in %v", got)
		}
	}
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	url := server.URL
	server.Close()
	_, err := apigateway.NewFromConfig(at(t, url)).GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: aws.String("x")})
	if got := fmt.Sprint(Explain(err, "eu-west-1")); got != "cannot reach "+strings.TrimPrefix(url, "http://")+": connection refused" {
		t.Error(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = apigateway.NewFromConfig(at(t, url)).GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String("x")})
	if !errors.Is(Explain(err, ""), context.Canceled) {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  map[string]string
		o    Options
		want string
	}{
		{"no region", map[string]string{"AWS_REGION": ""}, Options{}, "no AWS region is known"},
		{"no credentials", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, Options{}, "no usable AWS credentials were found"},
		{"no profile", nil, Options{Profile: "nobody"}, `no profile "nobody" in the AWS configuration`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t)
			for k, v := range tt.set {
				t.Setenv(k, v)
			}
			_, err := Load(t.Context(), tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAgent holds that whoever looks at what reads an account finds corsgate and its version.
func TestAgent(t *testing.T) {
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.Header.Get("User-Agent")
		fmt.Fprint(w, `{"item":[]}`)
	}))
	defer server.Close()
	if _, err := apigateway.NewFromConfig(at(t, server.URL)).GetRestApis(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if want := "corsgate/" + version.String(); !slices.Contains(strings.Fields(agent), want) {
		t.Errorf("User-Agent %q, want it to have %s", agent, want)
	}
}
