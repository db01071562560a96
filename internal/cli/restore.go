package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
	"github.com/memberward/memberward/internal/boltstore"
)

func newRestore(s streams) *cobra.Command {
	folder := &text{word: "DIR"}
	cmd := &cobra.Command{
		Use:   "restore --data DIR FILE",
		Short: "Make a store of a backup",
		Long: `Make a store of the backup FILE in the folder DIR, which is empty or not there
yet. The backup is checked first, as verify does, and the store gets its name
when it is written, synced and checked once more: whatever comes in between, DIR
never holds a part of a store. Then start memberward serve --data DIR.

Exit codes: 0 restored, 1 it could not be, 6 the backup is damaged.`,
		Example: `  memberward restore --data /var/lib/memberward /backups/memberward.db`,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if folder.value == "" {
				return usageError{errors.New("--data DIR is missing; see memberward restore --help")}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT) // to remove what is unfinished
			defer stop()
			return s.restore(ctx, args[0], folder.value)
		},
	}
	cmd.Flags().Var(folder, "data", "folder for the store; empty, or not there yet")
	return cmd
}

func (s streams) restore(ctx context.Context, backup, folder string) error {
	report, err := s.checkInChild(ctx, backup)
	if err != nil {
		return err
	}
	if err := damageOf(backup, report); err != nil {
		return errors.Join(s.printReport(backup, report), err)
	}
	made, err := makeEmpty(folder)
	if err != nil {
		return fmt.Errorf("restore to %s: %w", folder, err)
	}
	path := filepath.Join(folder, app.StoreFile)
	if err := restoreTo(ctx, backup, path); err != nil {
		if made {
			_ = os.Remove(folder) // as it was; it stays when somebody has used it meanwhile
		}
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "%s: revision %d, %d records\n", path, report.Revision, report.Records)
	return err
}

func restoreTo(ctx context.Context, backup, path string) error {
	from, err := os.Open(backup)
	if err != nil {
		return err
	}
	_, err = boltstore.Restore(ctx, from, path, nil)
	if errors.Is(err, boltstore.ErrDamaged) { // since it was checked
		err = damagedError{err}
	}
	return errors.Join(err, from.Close())
}

// makeEmpty makes a folder, or finds that it is empty.
func makeEmpty(folder string) (made bool, err error) {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err := os.MkdirAll(folder, 0o700)
		return err == nil, err
	case err != nil:
		return false, err
	case len(entries) > 0:
		return false, fmt.Errorf("it is not empty: it holds %s; name another folder", entries[0].Name())
	default:
		return false, nil
	}
}
