package logs

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/inspect/awsread"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A Client is what is asked of CloudWatch Logs.
type Client interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Group returns the lines of a log group between two times, the older first, and for each page that was read a line without
// text: a long time may be searched before there is one with. The error, if there is one, ends it; it is in the words of
// package awsread.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func Group(ctx context.Context, client Client, region, group string, from, to time.Time) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(to.UnixMilli())}
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in, func(o *cloudwatchlogs.FilterLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Line{}, fmt.Errorf("log group %s: %w", group, awsread.Explain(err, region)))
				return
			}
			if !yield(Line{Source: group}, nil) {
				return
			}
			for _, e := range page.Events {
				if !yield(Line{Time: time.UnixMilli(aws.ToInt64(e.Timestamp)), Source: group, Text: aws.ToString(e.Message)}, nil) {
					return
				}
			}
		}
	}
}

// Functions is what is asked of Lambda.
type Functions interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// FunctionGroup returns the log group of a function, by its name or address, with or without a version or an alias: the one
// that its configuration names. Where that cannot be seen it is the one that Lambda makes for it, and the error says why,
// in the words of package awsread.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
func FunctionGroup(ctx context.Context, client Functions, region, function string) (string, error) {
	if _, name, ok := strings.Cut(function, ":function:"); ok {
		function = name
	}
	function, _, _ = strings.Cut(function, ":")
	group := "/aws/lambda/" + function
	out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return group, awsread.Explain(err, region)
	}
	if c := out.LoggingConfig; c != nil && aws.ToString(c.LogGroup) != "" {
		group = *c.LogGroup
	}
	return group, nil
}

// ExecutionGroup returns the log group of a stage's execution log
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html).
func ExecutionGroup(api, stage string) string {
	return "API-Gateway-Execution-Logs_" + api + "/" + stage
}

// A Stage is what the logs of a stage are read with.
type Stage struct {
	// Policy is the one in force; nil if the stage's variables hold none. PolicyError says what is wrong with those that are
	// there.
	Policy      *cors.Policy
	PolicyError error
	// Execution reports whether the stage has an execution log, and Full whether that has headers and bodies.
	Execution, Full bool
	// Access is the log group of its access log; empty for none, and for one that goes elsewhere.
	Access string
	// AccessFormat is the format of its lines.
	AccessFormat string
}

// A Gateway is what is asked of API Gateway.
type Gateway interface {
	GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error)
}

// ReadStage reads a stage of an API. Its errors are in the words of package awsread.
func ReadStage(ctx context.Context, client Gateway, region, api, stage string) (*Stage, error) {
	out, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api})
	if err != nil {
		return nil, fmt.Errorf("API %s: %w", api, awsread.Explain(err, region))
	}
	var names []string
	for _, st := range out.Item {
		if aws.ToString(st.StageName) != stage {
			names = append(names, aws.ToString(st.StageName))
			continue
		}
		s := &Stage{}
		p, err := cors.FromStageVariables(st.Variables)
		if s.Policy = p; slices.ContainsFunc(slices.Collect(maps.Keys(st.Variables)), stagevars.Is) {
			s.PolicyError = err
		}
		for _, m := range st.MethodSettings {
			level := aws.ToString(m.LoggingLevel)
			s.Execution = s.Execution || level == "INFO" || level == "ERROR"
			s.Full = s.Full || level == "INFO" && m.DataTraceEnabled
		}
		if a := st.AccessLogSettings; a != nil {
			if _, group, ok := strings.Cut(aws.ToString(a.DestinationArn), ":log-group:"); ok {
				s.Access, s.AccessFormat = strings.TrimSuffix(group, ":*"), aws.ToString(a.Format)
			}
		}
		return s, nil
	}
	return nil, fmt.Errorf("API %s has no stage %s; it has %s", api, stage, strings.Join(names, ", "))
}
