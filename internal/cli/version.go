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

const versionFlag = "version"

// versionOr prints the version where the flag asks for it, and else runs.
// Cobra's own flag prints it by a template, and with templates the linker
// keeps every method that there is: eight megabytes.
func versionOr(s streams, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed(versionFlag) && len(args) == 0 {
			_, err := fmt.Fprint(s.stdout, versionLine())
			return err
		}
		return run(cmd, args)
	}
}

// versionLine says what runs, for the verb and the flag of that name.
func versionLine() string {
	build := app.Version()
	return fmt.Sprintf("memberward %s (%s, %s)\n", build.Version, build.Revision, build.GoVersion)
}
