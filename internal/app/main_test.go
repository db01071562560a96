package app_test

import (
	"context"
	"os"
	"testing"

	"github.com/memberward/memberward/internal/cli"
)

// TestMain lets the test binary be the program that checks a file in a child
// process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "verify" {
		os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
