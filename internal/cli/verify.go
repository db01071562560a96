package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
	"github.com/memberward/memberward/internal/boltstore"
)

func newVerify(s streams) *cobra.Command {
	var asJSON, inProcess bool
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a store, or a backup of one",
		Long: `Check every page and record of a store that no server uses, or of a backup: each
record's checksum, each index against the records it leads to, each counter, and
the chain of the audit. What is damaged is named. FILE is not changed. It is read
in a child process, since a damaged file can end the process that reads it.

Exit codes: 0 whole, 1 it could not be checked, 6 damaged.`,
		Example: `  memberward verify /backups/memberward.db
  memberward verify --json /backups/memberward.db`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			check := s.checkInChild
			if inProcess {
				check = checkHere
			}
			report, err := check(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			print := s.printReport
			if asJSON {
				print = s.printJSON
			}
			return errors.Join(print(args[0], report), damageOf(args[0], report))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().BoolVar(&inProcess, "in-process", false, "read the file in this process: what the child process is told")
	_ = cmd.Flags().MarkHidden("in-process") // it is there
	return cmd
}

// checkInChild checks a file in a process of its own.
func (s streams) checkInChild(ctx context.Context, path string) (boltstore.Report, error) {
	self, err := os.Executable()
	if err != nil {
		return boltstore.Report{}, fmt.Errorf("find this program: %w", err)
	}
	return app.CheckFile(ctx, self, path)
}

func checkHere(ctx context.Context, path string) (boltstore.Report, error) {
	return boltstore.CheckFile(ctx, path, nil)
}

// damagedError says that a store is damaged.
type damagedError struct{ error }

func damageOf(path string, report boltstore.Report) error {
	switch n := len(report.Faults); n {
	case 0:
		return nil
	case 1:
		return damagedError{fmt.Errorf("%s is damaged: 1 fault; restore another copy", path)}
	default:
		return damagedError{fmt.Errorf("%s is damaged: %d faults; restore another copy", path, n)}
	}
}

func (s streams) printJSON(_ string, report boltstore.Report) error {
	if report.Faults == nil {
		report.Faults = []boltstore.Fault{}
	}
	return json.NewEncoder(s.stdout).Encode(app.Checked{OK: len(report.Faults) == 0, Report: report})
}

func (s streams) printReport(path string, report boltstore.Report) error {
	shown := fmt.Sprintf("%s is whole: revision %d, format %d, %d records, %d of them in the audit\n",
		path, report.Revision, report.Format, report.Records, report.Audit)
	if len(report.Faults) > 0 {
		shown = faultsOf(report.Faults) + "\n"
	}
	_, err := fmt.Fprint(s.stdout, shown)
	return err
}

// faultsOf lists what is damaged.
func faultsOf(faults []boltstore.Fault) string {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WHERE\tWHICH\tWHAT")
	for _, f := range faults {
		where, which := f.Bucket, f.Key
		switch {
		case f.Page != 0:
			where, which = "page", strconv.FormatUint(f.Page, 10)
		case f.Bucket == "":
			where = "file"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", printable(where), printable(which), printable(f.What))
	}
	_ = t.Flush() // a strings.Builder takes everything
	return strings.TrimSuffix(text.String(), "\n")
}
