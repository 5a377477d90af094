package plan

import (
	"encoding/json"
	"testing"
)

func TestRefusedPreflights(t *testing.T) {
	const open = `{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}`
	for name, tt := range map[string]struct {
		statements string
		stages     []string
		want       refusals
	}{
		"everybody":                   {open, []string{"prod"}, refusals{}},
		"an account":                  {`{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}`, nil, refusals{notAllowed: true}},
		"part of an action":           {`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Inv*", "Resource": "*"}`, nil, refusals{}},
		"one path of two":             {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}`, nil, refusals{notAllowed: true}},
		"one value of a parameter":    {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": ["execute-api:/*/*/items", "execute-api:/*/*/items/1"]}`, nil, refusals{notAllowed: true}},
		"one stage of two":            {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/prod/*"}`, []string{"prod", "test"}, refusals{notAllowed: true}},
		"a stage that is not known":   {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/prod/*"}`, nil, refusals{}},
		"an address":                  {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}`, nil, refusals{}},
		"a Deny of all but an action": {open + `, {"Effect": "Deny", "Principal": "*", "NotAction": "execute-api:ManageConnections", "Resource": "*"}`, nil, refusals{denied: true}},
		"a Deny of a path, the other not allowed": {
			`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}`,
			nil, refusals{notAllowed: true, denied: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var document any
			if err := json.Unmarshal([]byte(`{"Version": "2012-10-17", "Statement": [`+tt.statements+`]}`), &document); err != nil {
				t.Fatal(err)
			}
			if got := refusedPreflights(document, tt.stages, []string{"/items", "/items/{id}"}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	if got := refusedPreflights(nil, nil, []string{"/"}); got != (refusals{}) {
		t.Errorf("without a policy: got %+v", got)
	}
}
