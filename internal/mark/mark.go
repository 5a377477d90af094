// Package mark names the CloudFormation metadata in which the constructs of
// corsgate leave marks for readers of the template. Package paired writes it,
// and says what it means; readers of templates compile without the CDK, so the
// names are here.
package mark

const (
	// Emits is on a function, alias or version known to emit CORS headers: true
	// on its owner's word, "built" where a build proved it, "attached" where the
	// wrapper does it, "placeholder" where it was not built.
	Emits = "corsgate:emits"

	// Entry is on a function that corsfunction builds: the directory of its
	// source, relative to the root of the app's module, with forward slashes. A
	// handler outside of that module has none.
	Entry = "corsgate:entry"
)
