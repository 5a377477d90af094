// Command unpaired is a handler that does not import corslambda.
package main

func main() {}
