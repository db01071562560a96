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
with. Each case of a table counts as a test, as it does for opa test.

Coverage is reported and not required: a set of your own may have less than
100 %. The built-in set may not.

Exit codes: 3 the set could not be activated, 4 a test failed or, without DIR,
coverage is below 100 %.`,
		Example: `  memberward policy test
  memberward policy test ./policies`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			source := policy.Embedded()
			if len(args) == 1 {
				source = policy.Dir(args[0])
			}
			result, err := policy.Test(cmd.Context(), source, s.stdout)
			if err != nil {
				return unreadable(err)
			}
			return verdict(result, len(args) == 0)
		},
	}
}

// verdict makes failed tests an error, and lines of the built-in set that no
// test reaches. Operators decide for themselves how far to test their own.
func verdict(result policy.Result, builtIn bool) error {
	switch {
	case result.Failed > 0:
		return fmt.Errorf("%d of the policies' %w", result.Failed, errTestsFailed)
	case builtIn && result.Coverage < 100:
		return fmt.Errorf("%w: they have to reach every line of the built-in policies", errTestsFailed)
	default:
		return nil
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
