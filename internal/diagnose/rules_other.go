package diagnose

func headerRules() []Rule  { return nil }
func gatewayRules() []Rule { return nil }
func aroundRules() []Rule  { return nil }
