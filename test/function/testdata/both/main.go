// Command both does not import corslambda, and does not compile either.
package main

func main() { undefinedThere() }
