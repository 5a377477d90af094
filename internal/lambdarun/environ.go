package lambdarun

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/wrapper"
)

// fromHost are the variables of the parent that a process needs to run at all,
// or to reach the network. Everything else stays where it is: on Lambda a
// function would not see it either, and there are tokens among it.
var fromHost = []string{
	"PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "PATHEXT",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
}

// environ returns the environment of a process of f, whose home is an empty folder, as
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html has
// it. The function's own variables win over the host's and over the unreserved
// ones of Lambda, and the reserved ones of Lambda over all.
func environ(f *Function, p *program, o *Options, api, home string) []string {
	env := map[string]string{}
	for _, name := range fromHost {
		if v, ok := os.LookupEnv(name); ok {
			env[name] = v
		}
	}
	env["HOME"], env["USERPROFILE"] = home, home
	env["LANG"] = "en_US.UTF-8"
	env["TZ"] = ":UTC"
	env["AWS_XRAY_CONTEXT_MISSING"] = "LOG_ERROR"
	if o.HostAWS {
		for _, kv := range os.Environ() {
			if name, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, "AWS_") {
				env[name] = v
			}
		}
	} else {
		// An SDK may find the user's home by another way; and without any
		// credentials it would ask the machine it runs on.
		env["AWS_SHARED_CREDENTIALS_FILE"] = os.DevNull
		env["AWS_CONFIG_FILE"] = os.DevNull
		env["AWS_EC2_METADATA_DISABLED"] = "true"
	}
	for name, v := range f.Environment {
		env[name] = v
	}
	if f.wrapped() {
		env[asWrapper] = "1"
		// It is in a layer, too, and those are not here.
		delete(env, wrapper.Next)
	}
	for name, v := range map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_REGION":                      o.Region,
		"AWS_DEFAULT_REGION":              o.Region,
		"LAMBDA_TASK_ROOT":                p.root,
		"LAMBDA_RUNTIME_DIR":              p.root,
	} {
		env[name] = v
	}
	if !strings.HasPrefix(f.Runtime, "provided") { // which has none
		env["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
	} else {
		delete(env, "AWS_EXECUTION_ENV")
	}
	list := make([]string, 0, len(env))
	for name, v := range env {
		list = append(list, name+"="+v)
	}
	slices.Sort(list)
	return list
}
