package diagnose

// logsRules are for what `corsgate logs` reads in CloudWatch Logs.
func logsRules() []Rule { return nil }
