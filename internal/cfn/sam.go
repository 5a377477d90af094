package cfn

// samResult is what [serverless] did.
type samResult struct {
	Problems []Problem
	// Causes says for each generated logical id what it is made for: a resource's id,
	// or "Function event Name".
	Causes map[string]string
}

// serverless puts in the place of SAM's resources what SAM makes of them. Root is the
// template in its long form, read gives a file by its path relative to the template.
func serverless(root map[string]any, read func(path string) ([]byte, error)) samResult {
	return samResult{}
}
