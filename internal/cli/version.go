package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
)

func newVersion(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  memberward version`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			build := app.Version()
			_, err := fmt.Fprintf(s.stdout, "memberward %s (%s, %s)\n", build.Version, build.Revision, build.GoVersion)
			return err
		},
	}
}
