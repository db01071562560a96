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
			_, err := fmt.Fprint(s.stdout, versionLine())
			return err
		},
	}
}

// versionLine says what runs, for the verb and the flag of that name.
func versionLine() string {
	build := app.Version()
	return fmt.Sprintf("memberward %s (%s, %s)\n", build.Version, build.Revision, build.GoVersion)
}
