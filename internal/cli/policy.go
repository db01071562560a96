package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

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

// builtInVectors is what --vectors without a folder means.
const builtInVectors = "built-in"

func newPolicyTest(s streams) *cobra.Command {
	var vectors string
	cmd := &cobra.Command{
		Use:   "test [--vectors[=FOLDER]] [DIR]",
		Short: "Run the tests of a set of policies",
		Long: `Check that the set of policies in DIR could be activated, run its tests, and name
the lines that no test reaches. Without DIR: the set that the program was built
with. Each case of a table counts as a test, as it does for opa test.

Coverage is reported and not required: a set of your own may have less than
100 %. The built-in set may not.

With --vectors, the set is held against conformance vectors instead: inputs,
each with the verdict on it. Every vector on which the set decides otherwise is
named, with both verdicts. The program holds the vectors of its built-in set;
--vectors=FOLDER reads others, in the form that testdata/conformance/README.md
describes.

Exit codes: 3 the set could not be activated, or the vectors could not be read,
4 a test failed, a vector differs or, without DIR, coverage is below 100 %.`,
		Example: `  memberward policy test
  memberward policy test ./policies
  memberward policy test --vectors ./policies`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source := policy.Embedded()
			if len(args) == 1 {
				source = policy.Dir(args[0])
			}
			if cmd.Flags().Changed("vectors") {
				return conform(cmd.Context(), source, vectors, s)
			}
			result, err := policy.Test(cmd.Context(), source, s.stdout)
			if err != nil {
				return unreadable(err)
			}
			return verdict(result, len(args) == 0)
		},
	}
	cmd.Flags().StringVar(&vectors, "vectors", "", "hold the set against conformance vectors: the built-in ones, or those in `FOLDER`")
	cmd.Flags().Lookup("vectors").NoOptDefVal = builtInVectors
	return cmd
}

// conform holds a set against vectors.
func conform(ctx context.Context, source policy.Source, vectors string, s streams) error {
	files, err := policy.BuiltInVectors()
	if err != nil {
		return unreadable(fmt.Errorf("read the vectors: %w", err))
	}
	if vectors != builtInVectors {
		if _, err := os.Stat(vectors); err != nil {
			return unreadable(fmt.Errorf("read the vectors: %w", err))
		}
		files = os.DirFS(vectors)
	}
	result, err := policy.Conform(ctx, source, files, s.stdout)
	switch {
	case err != nil:
		return unreadable(err)
	case len(result.Differing) > 0:
		return fmt.Errorf("the policies differ in %d of the %d vectors: %w", len(result.Differing), result.Held, errTestsFailed)
	default:
		return nil
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
