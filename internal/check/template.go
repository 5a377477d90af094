package check

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Template gives a template as JSON, whichever of JSON and YAML it is: short forms of intrinsic functions in their long
// ones and, with SAM's transform, the APIs that SAM makes. Unlike the text that the rules are asked about
// ([Document.JSON]) it has no stand-ins for what is known only at deployment. The problems say what was not understood;
// the error is that of [ParseDocument] for what is not well-formed. JSON without the transform is given back as it is.
func Template(name string, text []byte) ([]byte, []Problem, error) {
	d := &Document{Name: name, resources: map[string]*resource{}, lines: map[string]int{}}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimSpace(text)
	plain := strings.HasSuffix(name, ".json") || len(trimmed) == 0 || trimmed[0] == '{' || trimmed[0] == '['
	if !plain || flowYAML(name) {
		if err := d.parseYAML(text); err != nil {
			return nil, nil, err
		}
	} else if serverless := bytes.Contains(text, []byte("AWS::Serverless-")); serverless || !json.Valid(text) {
		if err := d.parseJSON(text); err != nil {
			return nil, nil, err
		}
	} else {
		return text, nil, nil
	}
	d.serverless()
	out, err := json.Marshal(d.root)
	return out, d.Problems, err
}
