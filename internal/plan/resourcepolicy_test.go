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
		want       Refused
	}{
		"everybody":                   {open, []string{"prod"}, Refused{}},
		"an account":                  {`{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}`, nil, Refused{NotAllowed: true}},
		"part of an action":           {`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Inv*", "Resource": "*"}`, nil, Refused{}},
		"one path of two":             {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}`, nil, Refused{NotAllowed: true}},
		"one value of a parameter":    {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": ["execute-api:/*/*/items", "execute-api:/*/*/items/1"]}`, nil, Refused{NotAllowed: true}},
		"one stage of two":            {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/prod/*"}`, []string{"prod", "test"}, Refused{NotAllowed: true}},
		"a stage that is not known":   {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/prod/*"}`, nil, Refused{}},
		"an address":                  {`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}`, nil, Refused{}},
		"a Deny of all but an action": {open + `, {"Effect": "Deny", "Principal": "*", "NotAction": "execute-api:ManageConnections", "Resource": "*"}`, nil, Refused{Denied: true}},
		"a Deny of a path, the other not allowed": {
			`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "execute-api:/*/*/items"}`,
			nil, Refused{NotAllowed: true, Denied: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var document any
			if err := json.Unmarshal([]byte(`{"Version": "2012-10-17", "Statement": [`+tt.statements+`]}`), &document); err != nil {
				t.Fatal(err)
			}
			if got := RefusedPreflights(document, tt.stages, []string{"/items", "/items/{id}"}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	if got := RefusedPreflights(nil, nil, []string{"/"}); got != (Refused{}) {
		t.Errorf("without a policy: got %+v", got)
	}
}
