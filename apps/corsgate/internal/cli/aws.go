package cli

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/corsgate/corsgate/internal/inspect/awsread"
)

// account is how a command finds the AWS account that it reads.
type account struct {
	Region      string `placeholder:"REGION" help:"The region. Default: the environment's or the profile's."`
	Profile     string `placeholder:"NAME" help:"The profile of ~/.aws/config. Default: AWS_PROFILE."`
	EndpointURL string `name:"endpoint-url" placeholder:"URL" help:"The address of the services, in place of AWS; like AWS_ENDPOINT_URL."`
}

// open returns a configuration that can only read.
func (x account) open(ctx context.Context) (aws.Config, error) {
	cfg, err := awsread.Load(ctx, awsread.Options{Region: x.Region, Profile: x.Profile, EndpointURL: x.EndpointURL})
	if err != nil {
		return cfg, &unreadable{err}
	}
	return cfg, nil
}
