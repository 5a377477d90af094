package diff

import (
	"reflect"
	"strings"
	"testing"
)

// What refuses a preflight is asked again for each header where what is not known came up: with a header that is allowed,
// it may decide.
func TestOpenRefusals(t *testing.T) {
	const allow = `#set($context.responseOverride.header.Access-Control-Allow-Origin = $input.params().header.get("origin"))`
	const ofHeaders = `"ResponseParameters": {"method.response.header.Access-Control-Allow-Headers": "'content-type,x-a'"`
	const declared = `"method.response.header.Access-Control-Allow-Headers": true`
	plain := looking(allow, "content-type,x-a", "'*'")
	with := func(replace ...string) []byte {
		text := `{"Parameters": {"P": {"Type": "String"}},` + string(plain[1:])
		out := strings.NewReplacer(replace...).Replace(text)
		if out == text {
			t.Fatalf("%q changes nothing", replace)
		}
		return []byte(out)
	}
	credentials := func(value string) []byte {
		return with(ofHeaders, ofHeaders+`, "method.response.header.Access-Control-Allow-Credentials": `+value, declared, declared+`, "method.response.header.Access-Control-Allow-Credentials": true`)
	}
	for name, tt := range map[string]struct {
		now  []byte
		open bool
	}{
		"Allow-Credentials":          {credentials(`{"Ref": "P"}`), true},
		"Allow-Credentials, in part": {credentials(`{"Fn::Sub": "'t${P}'"}`), true},
		"Allow-Credentials is true":  {credentials(`"'true'"`), false},
		"Allow-Credentials is false": {credentials(`"'false'"`), false},
		"Allow-Headers":              {with(`"'content-type,x-a'"`, `{"Fn::Sub": "'content-type,${P}'"}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, from := range [][]byte{credentials(`"'true'"`), plain} {
				before, after := site(t, from), site(t, tt.now)
				got := documentOf(t, before, after)
				before.Backend, after.Backend = unpredictable{before.Backend}, unpredictable{after.Backend}
				want := documentOf(t, before, after)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v and %d changes; one by one %+v and %d", got.Summary, len(got.Changes), want.Summary, len(want.Changes))
				}
				if tt.open && len(want.NotCompared) == 0 {
					t.Error("nothing depends on what is not known")
				}
			}
		})
	}
}
