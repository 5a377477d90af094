// Package rulepage knows where the pages of the rules are. It stands by itself, so that a CDK app that names a rule links
// neither the rules nor the model they ask.
package rulepage

const site = "https://github.com/corsgate/corsgate/blob/main/docs/rules/"

// Link gives the address of a rule's page, by the rule's id.
func Link(id string) string { return site + id + ".md" }
