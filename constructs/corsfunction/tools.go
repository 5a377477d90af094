//go:build tools

package corsfunction

// The program that [Attach] builds. Nobody can import it, but go mod tidy and go mod
// vendor, which look at files of all build tags, keep it and what it needs.
import _ "github.com/corsgate/corsgate/apps/corswrap"
