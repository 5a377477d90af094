package browser

// Words gives what the console says for a code, X standing for a value, without what comes before it.
func Words(code Code, initiator Initiator) string {
	return (&Plan{initiator: initiator}).explain(code, "X")
}
