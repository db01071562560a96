package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
)

func newPolicy(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "Work on policies",
		Example: `  memberward policy test ./policies`,
		Args:    cobra.ArbitraryArgs,
		RunE:    needsCommand,
	}
	cmd.AddCommand(newPolicyTest(s))
	return cmd
}

func newPolicyTest(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of a set of policies",
		Long: `Check that the set of policies in DIR could be activated, run its tests, and name
the lines that no test reaches. Without DIR: the set that the program was built
with. The exit code is 3 when the set could not be activated, 4 when a test failed.`,
		Example: `  memberward policy test
  memberward policy test ./policies`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			source := policy.Embedded()
			if len(args) == 1 {
				source = policy.Dir(args[0])
			}
			result, err := policy.Test(cmd.Context(), source, s.stdout)
			switch {
			case err != nil:
				return unreadable(err)
			case result.Failed > 0:
				return fmt.Errorf("%d of the policies' %w", result.Failed, errTestsFailed)
			default:
				return nil
			}
		},
	}
}

// unreadable makes a folder that cannot be read a fault of the configuration,
// as one that cannot be activated is.
func unreadable(err error) error {
	if errors.As(err, new(*policy.LoadError)) {
		return err
	}
	return &config.Invalid{Problems: []string{err.Error()}}
}
