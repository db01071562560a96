// Package app builds the program out of its parts and runs it: the only place
// that knows every adapter. It owns the listeners, the goroutines, the
// signals, and what a first start writes into the data folder.
package app
