package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/internal/inspect/awsread"
)

var (
	// invokeHost is the host of an API's own address, of a private API also with its VPC endpoint.
	invokeHost = regexp.MustCompile(`^([a-z0-9]+)(?:-vpce-[0-9a-z]+)?\.execute-api\.`)
	// invokePath is a path by which services that stand for AWS have an API.
	invokePath = regexp.MustCompile(`^/(?:restapis|_aws/execute-api)/([a-z0-9]+)(?:/([^/]+))?`)
)

// Which returns the id of the API that somebody names: by its id, its name, its address or one of a custom domain. An address
// names the stage, too, where none is given.
func Which(ctx context.Context, g Gateway, region, given, stage string) (id, of string, err error) {
	if u, err := url.Parse(given); err == nil && u.Host != "" {
		if isURLHost(u.Hostname()) {
			return "", "", errURLHost(u.Hostname())
		}
		first, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
		if m := invokeHost.FindStringSubmatch(u.Hostname()); m != nil {
			return m[1], either(stage, first), nil
		}
		if m := invokePath.FindStringSubmatch(u.Path); m != nil {
			return m[1], either(stage, m[2]), nil
		}
		return byDomain(ctx, g, region, u, stage)
	}
	_, err = g.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &given})
	if err = awsread.Explain(err, region); !errors.Is(err, awsread.ErrNotFound) {
		return given, stage, err
	}
	id, err = byName(region, given, "REST APIs", func(position *string, add func(name, id *string)) (*string, error) {
		out, err := g.GetRestApis(ctx, &apigateway.GetRestApisInput{Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		for _, api := range out.Items {
			add(api.Name, api.Id)
		}
		return out.Position, nil
	})
	return id, stage, err
}

// byName returns the id of the one API of a name, or the name if there is none, which reading says. List adds the APIs of a page
// and returns the position of the next.
func byName(region, name, kind string, list func(position *string, add func(name, id *string)) (*string, error)) (string, error) {
	var found []string
	err := pages(func(position *string) (*string, error) {
		return list(position, func(its, id *string) {
			if aws.ToString(its) == name {
				found = append(found, aws.ToString(id))
			}
		})
	})
	switch {
	case err != nil && !errors.Is(awsread.Explain(err, region), awsread.ErrDenied):
		return "", awsread.Explain(err, region)
	case len(found) > 1:
		slices.Sort(found)
		return "", fmt.Errorf("%d %s in %s have the name %s; give the id of one: %s", len(found), kind, region, name, strings.Join(found, ", "))
	case len(found) == 1:
		return found[0], nil
	}
	return name, nil
}

func either(stage, of string) string {
	if stage == "" {
		return of
	}
	return stage
}

// byDomain finds where an address of a custom domain leads.
func byDomain(ctx context.Context, g Gateway, region string, u *url.URL, stage string) (id, of string, err error) {
	d := domain{name: u.Hostname()}
	err = pages(func(position *string) (*string, error) {
		out, err := g.GetBasePathMappings(ctx, &apigateway.GetBasePathMappingsInput{DomainName: &d.name, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		d.mappings = append(d.mappings, out.Items...)
		return out.Position, nil
	})
	if err = awsread.Explain(err, region); errors.Is(err, awsread.ErrNotFound) {
		return "", "", fmt.Errorf("%s is neither a custom domain in %s nor the address of a REST API; name the API's id", d.name, region)
	}
	if err != nil {
		return "", "", err
	}
	best := longest(d.mappings, u.Path)
	if best == nil {
		return "", "", fmt.Errorf("no base path of %s leads from /%s to an API", d.name, strings.Trim(u.Path, "/"))
	}
	return aws.ToString(best.RestApiId), either(stage, aws.ToString(best.Stage)), nil
}

// longest returns the mapping that takes a path, nil if none does.
func longest(all []types.BasePathMapping, path string) *types.BasePathMapping {
	path = strings.Trim(path, "/") + "/"
	var best *types.BasePathMapping
	for i, m := range all {
		base := strings.TrimSuffix(aws.ToString(m.BasePath), noPath)
		if base == "" || strings.HasPrefix(path, base+"/") {
			if best == nil || len(base) > len(strings.TrimSuffix(aws.ToString(best.BasePath), noPath)) {
				best = &all[i]
			}
		}
	}
	return best
}
