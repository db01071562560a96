// Command memberward keeps who belongs to which tenant, decides by policy
// whether that may change, and answers the reverse proxy in front of an
// application.
package main

import (
	"context"
	"os"

	"github.com/memberward/memberward/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
