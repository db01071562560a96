package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// stallTimeout is how long a copy that has begun may stand still.
const stallTimeout = time.Minute

func newBackup(s streams) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the store of a running server",
		Long: `Copy the store of a running server into FILE, while it works. The copy is of one
moment, and whole: it is written to FILE.partial, synced, and gets its name when
the last byte is there. It holds every secret that the store holds, so only its
owner may read it. FILE is replaced only with --force.

The key is that of --key-file, --key or ` + variableKey + `: a platform key.`,
		Example: `  memberward backup --key-file platform.key /backups/memberward.db
  memberward backup --url https://memberward.example --key-file platform.key --force latest.db`,
		Args: takes(1, 1),
	}
	at := addServer(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT) // to remove what is unfinished
		defer stop()
		b := backup{server: at, streams: s, path: args[0], force: force, stall: stallTimeout}
		if err := b.run(ctx); err != nil {
			return fmt.Errorf("back up to %s: %w", args[0], err)
		}
		return nil
	}
	return cmd
}

// backup is one copy in the making.
type backup struct {
	*server
	streams
	path  string
	force bool
	stall time.Duration
}

func (b *backup) run(ctx context.Context) error {
	if err := b.vacant(); err != nil {
		return err
	}
	partial, err := claim(b.path + ".partial")
	if err != nil {
		return err
	}
	size, revision, err := b.fetch(ctx, partial)
	if err == nil {
		err = partial.Sync()
	}
	if err == nil {
		err = b.vacant() // it may have appeared meanwhile
	}
	if err == nil {
		err = os.Rename(partial.Name(), b.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial.Name()), partial.Close())
	}
	if err := errors.Join(partial.Close(), syncFolder(filepath.Dir(b.path))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.stdout, "%s: revision %d, %d bytes\n", b.path, revision, size)
	return err
}

// vacant refuses a path that is taken.
func (b *backup) vacant() error {
	info, err := os.Lstat(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("there is something that is no file: choose another path")
	case !b.force:
		return errors.New("there is a file already: choose another path, or replace it with --force")
	default:
		return nil
	}
}

// claim opens the file of an unfinished copy, empty, for this process alone.
// One that a crash left behind is taken over, one that is being written is not.
func claim(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("another backup is writing %s", path)
	}
	if err == nil {
		err = stillAt(path, file)
	}
	if err == nil {
		err = errors.Join(file.Chmod(0o600), file.Truncate(0))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// stillAt refuses a file that got its final name between opening and locking.
func stillAt(path string, file *os.File) error {
	ours, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(path)
	if err != nil || !os.SameFile(ours, named) || !ours.Mode().IsRegular() {
		return fmt.Errorf("another backup was writing %s, or it is no file: try again", path)
	}
	return nil
}

// fetch writes the copy that the server makes. It is whole when the server
// said where it ends and it ended there: a connection that breaks is an error
// of the reader, for the length is announced or in chunks.
func (b *backup) fetch(ctx context.Context, to io.Writer) (size int64, revision uint64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := b.post(ctx, b.env, "/v1/admin/backup", "")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if revision, err = copyOf(response); err != nil {
		return 0, 0, err
	}
	bar := b.progress(response.ContentLength)
	defer func() { _ = bar.Close() }() // it only draws
	stalled := time.AfterFunc(b.stall, func() { cancel(fmt.Errorf("nothing came for %v", b.stall)) })
	defer stalled.Stop()
	size, err = io.Copy(io.MultiWriter(to, bar), &watched{response.Body, func() { stalled.Reset(b.stall) }})
	switch {
	case err != nil && context.Cause(ctx) != nil:
		return 0, 0, fmt.Errorf("the copy was cut off after %d bytes: %w", size, context.Cause(ctx))
	case err != nil:
		return 0, 0, fmt.Errorf("the copy was cut off after %d bytes: %w", size, err)
	case size == 0:
		return 0, 0, errors.New("the copy is empty")
	}
	return size, revision, nil
}

// copyOf reads the revision of the copy, and refuses what is none.
func copyOf(response *http.Response) (uint64, error) {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/octet-stream" {
		return 0, errors.New("the answer is no copy of a store; is it memberward's address?")
	}
	if response.ContentLength < 0 && !slices.Contains(response.TransferEncoding, "chunked") && response.ProtoMajor < 2 {
		return 0, errors.New("the answer does not say where it ends, so that a part of the copy would look whole")
	}
	revision, err := strconv.ParseUint(response.Header.Get("Memberward-Revision"), 10, 64)
	if err != nil {
		return 0, errors.New("the answer does not name the revision of the copy")
	}
	return revision, nil
}

// progress shows how far the copy is, on a terminal; elsewhere it draws
// nothing. total is -1 while nobody knows.
func (b *backup) progress(total int64) *progressbar.ProgressBar {
	file, ok := b.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return progressbar.DefaultBytesSilent(total)
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(file), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("backup"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// watched tells of each part that is read.
type watched struct {
	from  io.Reader
	moved func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if n > 0 {
		w.moved()
	}
	return n, err
}

// syncFolder makes a new name in a folder outlast a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
