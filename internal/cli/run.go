package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
)

// The exit codes, as scripts may rely on them.
const (
	exitOK      = 0
	exitFailure = 1                // something went wrong
	exitUsage   = 2                // no such command, flag or argument
	exitInvalid = 3                // the policies or the configuration are not valid
	exitFailed  = 4                // tests failed
	exitUnasked = 5                // a question to a server could not be asked
	exitDamaged = app.ChildDamaged // a store, or a backup of one, is damaged
)

// What single commands mean by a code.
const (
	exitDenied     = 1 // check's no
	exitFaults     = 1 // doctor's findings
	exitUnexamined = 2 // doctor could not tell
)

// streams are where a command reads its surroundings and writes.
type streams struct {
	env    config.Environment
	stdout io.Writer
	stderr io.Writer
}

// Run runs one command line, without the program's name, and gives its exit
// code. The environment holds NAME=value pairs.
func Run(ctx context.Context, args, environment []string, stdout, stderr io.Writer) int {
	root := newRoot(streams{env: config.ReadEnvironment(environment), stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errDenied) && !errors.Is(err, errFaults) { // they were answered
		complain(stderr, err)
	}
	return exitCode(err)
}

// complain prints an error, every line of it under the program's name.
func complain(w io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintf(w, "memberward: %s\n", line) // nobody is left to tell
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// errTestsFailed ends a command whose tests failed.
var errTestsFailed = errors.New("tests failed")

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usageError{}):
		return exitUsage
	case errors.As(err, new(*config.Invalid)), errors.As(err, new(*policy.LoadError)):
		return exitInvalid
	case errors.Is(err, errTestsFailed):
		return exitFailed
	case errors.Is(err, errDenied):
		return exitDenied
	case errors.Is(err, errFaults):
		return exitFaults
	case errors.As(err, &unexaminedError{}):
		return exitUnexamined
	case errors.As(err, &unaskedError{}):
		return exitUnasked
	case errors.As(err, &damagedError{}):
		return exitDamaged
	default:
		return exitFailure
	}
}

// newRoot makes the command tree.
func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "memberward",
		Short: "Keeps who belongs to which tenant, and decides by policy",
		Long: `Memberward keeps who belongs to which tenant, decides with Rego whether a
membership may change, in the transaction that changes it, and answers the
reverse proxy in front of your application.`,
		Example: `  memberward serve --demo          try it out
  memberward serve --data ./data   run it
  memberward policy test           run the tests of the policies
  memberward check me resource.write acme   may I?
  memberward backup store.db       copy a running store`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.ArbitraryArgs,
		RunE:              versionOr(s, needsCommand),
	}
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.Flags().BoolP(versionFlag, "v", false, "print the version")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		what, _, notBool := strings.Cut(err.Error(), ": strconv.ParseBool: ")
		if notBool {
			what += ": want true or false"
		}
		return usageError{fmt.Errorf("%s; see %s --help", what, cmd.CommandPath())}
	})
	root.AddCommand(newServe(s), newPolicy(s), newRoutes(s), newSnippet(s), newDoctor(s), newHealthcheck(s), newCheck(s), newBackup(s), newRestore(s), newVerify(s), newVersion(s))
	return root
}

// needsCommand answers a command that only holds others.
func needsCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{fmt.Errorf("a command is missing; see %s --help", cmd.CommandPath())}
	}
	cmd.SuggestionsMinimumDistance = 2 // cobra sets it for its own answers only
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usageError{fmt.Errorf("unknown command %q: did you mean %s?", args[0], near[0])}
	}
	return usageError{fmt.Errorf("unknown command %q; see %s --help", args[0], cmd.CommandPath())}
}

// takes makes a number of arguments other than least to most a usage error
// that shows which are wanted.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= most {
			return nil
		}
		usage := strings.TrimSuffix(cmd.UseLine(), " [flags]")
		return usageError{fmt.Errorf("want %s, not %d arguments; see %s --help", usage, len(args), cmd.CommandPath())}
	}
}

// arguments makes arguments that a command does not take a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
}
