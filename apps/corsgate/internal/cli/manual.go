package cli

// A manual is the part of a command's help beside its flags: the usual calls, and what each exit status means. The page of the
// command in docs/cli has the same.
type manual struct {
	calls    []string
	statuses []exitStatus
	note     string // "" or a paragraph
}

// An exitStatus is one that a command ends with, and when.
type exitStatus struct {
	status int
	when   string
}

// What several commands have in common.
const (
	badCommandLine = "the command line, or a file of settings, cannot be used"
	noSuchRoute    = "the command line cannot be used, or the API has no such route"
	worthIt        = "findings at or above --fail-on"
	wasInterrupted = "it was interrupted"
)

func (serveCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate serve                       # the app of the cdk.json in this folder",
			"corsgate serve --template cdk.out",
		},
		statuses: []exitStatus{
			{statusOK, "it was interrupted, which is the normal way to end it"},
			{statusRefused, "the app cannot be synthesized, or the API cannot be served"},
			{statusUsage, badCommandLine},
			{statusUnknown, "a template cannot be read"},
		},
	}
}

func (explainCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate explain --template cdk.out --origin https://app.example.com",
			"corsgate explain --template template.yaml --origin https://app.example.com \\",
			"    --method PUT --path /items/1 --header content-type",
		},
		statuses: []exitStatus{
			{statusOK, "the browser lets the page read the response"},
			{statusRefused, "the browser refuses"},
			{statusUsage, noSuchRoute},
			{statusUnknown, "it is not known, or a file cannot be read"},
			{statusStopped, wasInterrupted},
		},
	}
}

func (checkCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate check                       # cdk.out, or else template.yaml",
			"corsgate check template.yaml --origins https://app.example.com",
			"corsgate check cdk.out --format sarif > corsgate.sarif",
		},
		statuses: []exitStatus{
			{statusOK, "no finding at or above --fail-on"},
			{statusRefused, worthIt},
			{statusUsage, badCommandLine},
			{statusUnknown, "no such finding, but not all could be read or judged"},
			{statusStopped, wasInterrupted},
		},
	}
}

func (rulesCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate rules",
			"corsgate rules CORS107",
		},
		statuses: []exitStatus{
			{statusOK, "printed"},
			{statusUsage, "the command line cannot be used, or there is no such rule"},
		},
	}
}

func (diffCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate diff old/cdk.out cdk.out",
			"corsgate diff old.yaml new.yaml --format text",
			"corsgate diff old/cdk.out cdk.out --fail-on looser",
		},
		statuses: []exitStatus{
			{statusOK, "nothing changes for browsers (--fail-on looser: nothing is looser)"},
			{statusRefused, "something changes (--fail-on looser: something is looser)"},
			{statusUsage, badCommandLine},
			{statusUnknown, "no such change, but not all could be read or compared"},
			{statusStopped, wasInterrupted},
		},
	}
}

func (renderCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate render --as sam --origins https://app.example.com",
			"corsgate render --as openapi --origins https://app.example.com \\",
			"    --path /items/{id} --methods GET,PUT --headers content-type",
		},
		statuses: []exitStatus{
			{statusOK, "printed"},
			{statusUsage, "the command line cannot be used, or the policy is invalid"},
		},
	}
}

func (probeCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate probe https://API/prod/items --origin https://app.example.com",
			"corsgate probe https://API/prod/items --origin https://app.example.com \\",
			"    --method PUT --header content-type --send",
		},
		statuses: []exitStatus{
			{statusOK, "the browser allows it, and no finding is at or above --fail-on"},
			{statusRefused, "the browser refuses the page's request, or there are such findings"},
			{statusUsage, badCommandLine},
			{statusUnknown, "the API cannot be reached, or does not respond"},
			{statusStopped, wasInterrupted},
		},
	}
}

func (inspectCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate inspect --rest-api-id abc123",
			"corsgate inspect --rest-api-id abc123 --stage prod --template cdk.out",
			"corsgate inspect --http-api-id abc123 --policy",
		},
		note: "It only reads. It needs apigateway:GET and lambda:GetFunctionConfiguration, and for a function URL lambda:GetFunctionUrlConfig and lambda:GetPolicy; if one is denied, it reports what it could not see.",
		statuses: []exitStatus{
			{statusOK, "no finding at or above --fail-on"},
			{statusRefused, worthIt},
			{statusUsage, badCommandLine},
			{statusUnknown, "no such finding, but not all could be read or judged"},
			{statusStopped, wasInterrupted},
		},
	}
}

func (logsCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate logs --function orders --since 2h",
			"corsgate logs --rest-api-id abc123 --stage prod",
			"corsgate logs --file downloaded.csv --origins https://app.example.com",
		},
		note: "It only reads. It needs logs:FilterLogEvents, lambda:GetFunctionConfiguration to learn where a function logs, and apigateway:GET with --rest-api-id. " +
			"Times are UTC. Of each rule, the 30 most frequent cases are listed and the rest counted. In paths, * stands for numbers, keys and the like.",
		statuses: []exitStatus{
			{statusOK, "no finding at or above --fail-on"},
			{statusRefused, worthIt},
			{statusUsage, badCommandLine},
			{statusUnknown, "no such finding, but some logs could not be read, or had nothing"},
			{statusStopped, wasInterrupted + "; the findings so far are printed"},
		},
	}
}

func (helpCommand) manual() manual {
	return manual{
		calls:    []string{"corsgate help", "corsgate help check", "corsgate help ci"},
		statuses: []exitStatus{{statusOK, "printed"}, {statusUsage, "there is no such topic"}},
	}
}

func (versionCommand) manual() manual {
	return manual{
		calls:    []string{"corsgate version", "corsgate version --json"},
		statuses: []exitStatus{{statusOK, "printed"}},
	}
}

func (completionCommand) manual() manual {
	return manual{
		calls: []string{
			"corsgate completion bash > /etc/bash_completion.d/corsgate",
			`corsgate completion zsh > "${fpath[1]}/_corsgate"`,
			"corsgate completion fish > ~/.config/fish/completions/corsgate.fish",
		},
		statuses: []exitStatus{{statusOK, "printed"}, {statusUsage, "there is no such shell"}},
	}
}
