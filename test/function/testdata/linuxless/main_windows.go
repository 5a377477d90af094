// Command linuxless has no Go file for Linux.
package main

func main() {}
