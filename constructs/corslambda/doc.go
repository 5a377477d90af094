// Package corslambda makes a Lambda handler emit the CORS headers of the
// stage's policy.
package corslambda
