// Package awsread reads an AWS account with the user's ordinary configuration, and cannot write to it: every operation
// that is not on its list is refused before it is sent.
package awsread

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"

	"github.com/corsgate/corsgate/internal/version"
)

// reads are the operations that may be sent, by the service's id, each with the IAM action that allows it
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
var reads = map[string]map[string]string{
	// API Gateway's actions are the HTTP methods.
	"API Gateway": {
		"GetRestApi": "apigateway:GET", "GetRestApis": "apigateway:GET", "GetResources": "apigateway:GET", "GetStages": "apigateway:GET", "GetExport": "apigateway:GET",
		"GetGatewayResponses": "apigateway:GET", "GetAuthorizers": "apigateway:GET", "GetRequestValidators": "apigateway:GET",
		"GetModels": "apigateway:GET", "GetDomainNames": "apigateway:GET", "GetBasePathMappings": "apigateway:GET",
	},
	"ApiGatewayV2": {
		"GetApis": "apigateway:GET", "GetApi": "apigateway:GET", "GetRoutes": "apigateway:GET", "GetIntegrations": "apigateway:GET", "GetAuthorizers": "apigateway:GET",
		"GetStages": "apigateway:GET", "GetDomainNames": "apigateway:GET", "GetApiMappings": "apigateway:GET",
	},
	"Lambda":          {"GetFunctionConfiguration": "lambda:GetFunctionConfiguration", "GetFunctionUrlConfig": "lambda:GetFunctionUrlConfig", "GetPolicy": "lambda:GetPolicy"},
	"CloudWatch Logs": {"DescribeLogGroups": "logs:DescribeLogGroups", "FilterLogEvents": "logs:FilterLogEvents"},
}

// Action returns the IAM action for an operation, and false for one that may not be sent.
func Action(service, operation string) (string, bool) {
	a, ok := reads[service][operation]
	return a, ok
}

// Options are what the command line says about the account. What is empty is taken from the environment and the files of
// the AWS command line (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
type Options struct {
	Region, Profile string
	// EndpointURL is where every service is, instead of AWS; AWS_ENDPOINT_URL is the same.
	EndpointURL string
}

// attempts are how often a request is tried that the service throttles or does not answer.
const attempts = 6

// timeout bounds one request with its response.
const timeout = 30 * time.Second

// Load returns a configuration with which only [Action]'s operations can be sent. It looks for a region and credentials, so
// that an error says which of them is missing. Requests that are throttled are tried again, ever more slowly.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	set := []func(*config.LoadOptions) error{config.WithRetryer(retryer), config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(timeout))}
	if o.Region != "" {
		set = append(set, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		set = append(set, config.WithSharedConfigProfile(o.Profile))
	}
	if o.EndpointURL != "" {
		set = append(set, config.WithBaseEndpoint(o.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, set...)
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return aws.Config{}, fmt.Errorf("no profile %q in the AWS configuration; --profile or AWS_PROFILE names one", profile.Profile)
	case err != nil:
		return aws.Config{}, errors.New("the AWS configuration cannot be read: see ~/.aws/config and ~/.aws/credentials")
	case cfg.Region == "":
		return aws.Config{}, errors.New("no AWS region is known: give --region, or set AWS_REGION or the profile's region")
	}
	if at := aws.ToString(cfg.BaseEndpoint); at != "" && !strings.HasPrefix(at, "http://") && !strings.HasPrefix(at, "https://") {
		return aws.Config{}, fmt.Errorf("the endpoint URL %q has no scheme; write http://%s (--endpoint-url, or AWS_ENDPOINT_URL)", at, at[strings.LastIndex(at, "/")+1:])
	}
	// What went wrong is not passed on: the error of a credential process may hold anything.
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return aws.Config{}, ctx.Err()
		}
		return aws.Config{}, errors.New("no usable AWS credentials were found: set AWS_PROFILE (--profile) or AWS_ACCESS_KEY_ID and its companions, or log in anew (aws sso login)")
	}
	// Set last: what the credentials themselves take, such as assuming a role, is the user's own configuration.
	cfg.APIOptions = append(cfg.APIOptions, ReadOnly, awsmiddleware.AddUserAgentKeyValue("corsgate", version.String()))
	return cfg, nil
}

func retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(a *retry.AdaptiveModeOptions) {
		a.StandardOptions = append(a.StandardOptions, func(s *retry.StandardOptions) {
			s.MaxAttempts, s.MaxBackoff = attempts, 5*time.Second
			// A host that cannot be reached, or is silent, will be no other a second later, and the user waits.
			s.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
				var dial *net.OpError
				var network net.Error
				if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &network) && network.Timeout() {
					return aws.FalseTernary
				}
				return aws.UnknownTernary
			})}, s.Retryables...)
		})
	})
}

// errWrites is why an operation that is not a read is not sent.
var errWrites = errors.New("corsgate only reads")

// ReadOnly refuses every operation that is not a read. It is for a client's or a configuration's APIOptions.
func ReadOnly(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("CorsgateReadOnly", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		if _, ok := Action(service, operation); !ok {
			return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("%s is not sent: %w", strings.TrimSpace(service+" "+operation), errWrites)
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}
