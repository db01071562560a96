// Package cli is the command line: one file per verb. It turns arguments and
// environment into the calls of other packages, and their errors into one
// line that says what to do and an exit code.
package cli
