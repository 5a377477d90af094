package awsread

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// Kinds of errors that a caller goes on after, or words in its own way.
var (
	ErrDenied   = errors.New("access denied")
	ErrNotFound = errors.New("not found")
	ErrFailed   = errors.New("failed") // the service did, with a status of 500 or above, or it does not know the call
)

var (
	denied      = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ForbiddenException"}
	absent      = []string{"NotFoundException", "ResourceNotFoundException"}
	badIdentity = []string{"UnrecognizedClientException", "UnauthorizedException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidAccessKeyId"}
	expired     = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	throttled   = []string{"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
)

// An Error is a call that failed, in one line without anything of the request: the service's own text may quote it,
// session token and all.
type Error struct {
	// Operation is the call's name, Action the IAM action that allows it.
	Operation, Action string
	text              string
	kind              error
}

func (e *Error) Error() string { return e.text }
func (e *Error) Unwrap() error { return e.kind }

// Explain says in one line why a call failed. What it gives is an [*Error], which is ErrDenied, ErrNotFound, ErrFailed or none; a
// call that was given up is its context's error.
func Explain(err error, region string) error {
	var said *Error
	if err == nil || errors.Is(err, context.Canceled) || errors.As(err, &said) {
		return err
	}
	e := &Error{}
	service := "AWS"
	var op *smithy.OperationError
	if errors.As(err, &op) {
		service, e.Operation = op.Service(), op.Operation()
		e.Action, _ = Action(op.Service(), op.Operation())
	}
	var api smithy.APIError
	var answered interface{ HTTPStatusCode() int }
	if errors.As(err, &answered) && answered.HTTPStatusCode() >= 500 {
		e.kind = ErrFailed
	}
	if !errors.As(err, &api) {
		e.text = unanswered(err, service, e.Operation, region)
		return e
	}
	code := api.ErrorCode()
	switch {
	case slices.Contains(denied, code):
		e.kind, e.text = ErrDenied, fmt.Sprintf("%s: access denied; the IAM action %s would allow it", e.Operation, e.Action)
	case slices.Contains(absent, code):
		e.kind, e.text = ErrNotFound, e.Operation+": not found"
	case slices.Contains(badIdentity, code):
		e.text = fmt.Sprintf("%s does not accept the AWS credentials (%s): are they of this account and region, %s?", service, code, region)
	case slices.Contains(expired, code):
		e.text = fmt.Sprintf("the AWS credentials have expired (%s): log in anew (aws sso login), or renew the session token", code)
	case slices.Contains(throttled, code):
		e.text = fmt.Sprintf("%s: throttled %d times (%s); try again in a minute", e.Operation, attempts, code)
	default:
		e.text = fmt.Sprintf("%s failed with %s", e.Operation, plainCode(code))
	}
	return e
}

// plainCode keeps what codes are made of; an endpoint that is not AWS may send anything.
func plainCode(code string) string {
	code = strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, code)
	return code[:min(len(code), 80)]
}

// unanswered is for an error of the way to the service.
func unanswered(err error, service, operation, region string) string {
	host := service
	var u *url.Error
	if errors.As(err, &u) {
		if at, perr := url.Parse(u.URL); perr == nil && at.Host != "" {
			host = at.Host
		}
	}
	var dns *net.DNSError
	var network net.Error
	var opErr *net.OpError
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot reach %s: no such host; is the region %s right, and --endpoint-url?", host, region)
	case errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("cannot reach %s: no response in time", host)
	case errors.As(err, &opErr) && opErr.Op == "dial":
		return fmt.Sprintf("cannot reach %s: %v", host, errors.Unwrap(opErr.Err))
	case errors.As(err, &u):
		return fmt.Sprintf("cannot reach %s: the connection failed", host)
	}
	var refused interface{ HTTPStatusCode() int }
	if errors.As(err, &refused) && refused.HTTPStatusCode() > 0 {
		return fmt.Sprintf("%s: %s responded with status %d and a body that could not be understood; is --endpoint-url right?", operation, host, refused.HTTPStatusCode())
	}
	if errors.Is(err, errWrites) {
		return "corsgate only reads: " + service + " was not called"
	}
	return fmt.Sprintf("%s could not be called: is the region %s right, and --endpoint-url?", service, region)
}
