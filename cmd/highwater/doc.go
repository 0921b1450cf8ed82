// Command highwater is the broker, its client and its tools in one binary.
//
//	main.go       the root command; each command adds itself from its own file by register
//	exit.go       exit codes, which are a contract, and how errors become one
//	output.go     --output text|json
//	load/         what the bench commands load a broker with, and how they prove what was read
//
// Errors go to standard error, facts to standard output; nothing else is printed there.
package main
