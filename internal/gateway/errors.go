package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// failure ends an exchange with a gateway response.
type failure struct {
	typ     string
	status  int // 0 means that of the type
	message string
	errType string // x-amzn-ErrorType
	detail  string
	cause   Cause
	valid   string // $context.error.validationErrorString
	log     string // what the execution log says, where that is known
}

func (f *failure) Error() string { return f.typ + ": " + f.message }

// configError is the response to a configuration that fails at run time.
func configError(cause Cause, format string, args ...any) *failure {
	return &failure{typ: apigw.APIConfigurationError, cause: cause, message: "Internal server error", errType: "InternalServerErrorException", detail: fmt.Sprintf(format, args...)}
}

// unsupported is the response to what this model cannot do; the service would not give it.
func unsupported(format string, args ...any) *failure {
	return &failure{typ: "", status: http.StatusBadGateway, message: fmt.Sprintf(format, args...), detail: fmt.Sprintf(format, args...)}
}

func clip(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}
