package wrapper

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/mark"
)

// What is in a function's environment.
const (
	runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

	// Variable has Lambda start the program that it names with the runtime's command as its
	// arguments (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html).
	Variable = "AWS_LAMBDA_EXEC_WRAPPER"

	// Program is where the layer has the program.
	Program = "/opt/" + InLayer

	// InLayer is where the layer's folder has the program.
	InLayer = "corsgate/wrap"

	// Next is the wrapper that the function had before. It is started in the runtime's place,
	// with the runtime's command.
	Next = "CORSGATE_EXEC_WRAPPER"

	// Off is "1" where the runtime is to be started directly.
	Off = "CORSGATE_OFF"

	// ErrorsAsResponses is "1" where errors of the function become responses with status 500.
	ErrorsAsResponses = "CORSGATE_ERRORS_AS_RESPONSES"
)

// Runtimes are those that a wrapper can be put around, as they are spelled for people.
const Runtimes = "Node.js, Python, Java, .NET and Ruby"

// Starts reports whether Lambda starts a wrapper for a function with this Runtime property.
// OS-only runtimes (provided.*) do not, and neither did those of the first Amazon Linux.
func Starts(runtime string) bool {
	first := []string{"nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "python2.7", "python3.6", "python3.7", "java8", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "ruby2.5"}
	return !slices.Contains(first, runtime) && slices.ContainsFunc([]string{"nodejs", "python", "java", "dotnet", "ruby"}, func(family string) bool { return strings.HasPrefix(runtime, family) })
}

// Emits reports whether a template's function, of this metadata and these properties, is
// known to emit CORS headers: by its mark (see package mark) or behind the wrapper. The mark
// of the wrapper shows that it was attached, and not that it is on.
func Emits(metadata, properties map[string]any) bool {
	switch metadata[mark.Emits] {
	case nil, false, "attached":
		return Attached(properties)
	}
	return true
}

// Attached reports whether a template's function, of these properties, runs behind the
// wrapper: it has the variable, and a layer or an image that can hold the program. What the
// layer really holds is not in a template.
func Attached(properties map[string]any) bool {
	environment, _ := properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	if IsOff(variables) {
		return false
	}
	if properties["PackageType"] == "Image" {
		return variables[Variable] == Program
	}
	layers, _ := properties["Layers"].([]any)
	runtime, _ := properties["Runtime"].(string)
	return FromLayer(variables[Variable], len(layers), runtime)
}

// FromLayer reports whether Lambda starts the wrapper for a function with this value of
// [Variable], so many layers and this Runtime property.
func FromLayer(variable any, layers int, runtime string) bool {
	return variable == Program && layers > 0 && Starts(runtime)
}

// IsOff reports whether these environment variables switch the wrapper off, or may. Anything
// but "" and "0" may be "1": a number, or an expression that only a deployment knows.
func IsOff(variables map[string]any) bool {
	off, set := variables[Off]
	return set && off != "" && off != "0"
}
