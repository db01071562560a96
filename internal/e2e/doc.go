// Package e2e holds the tests that start the built program as its users do:
// through its command line, its listeners and a real proxy, with kill -9.
package e2e
