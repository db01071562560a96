package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/snippet"
)

func newSnippet(s streams) *cobra.Command {
	var at snippet.Addresses
	var out string
	cmd := &cobra.Command{
		Use:   "snippet PROXY",
		Short: "Print the configuration of a reverse proxy",
		Long: `Print the configuration that lets PROXY ask Memberward about every request:
` + strings.Join(snippet.Proxies(), ", ") + `.

The addresses are those of the example unless a flag names another one. A proxy
with several files has them printed under their names; --out writes them into a
folder, and overwrites nothing.`,
		Example: `  memberward snippet nginx --listen :443 --application 10.0.0.7:3000
  memberward snippet haproxy --out /etc/haproxy`,
		Args: takes(1, 1),
	}
	cmd.Flags().StringVar(&at.Listen, "listen", "", "where clients come in: `[HOST]:PORT`")
	cmd.Flags().StringVar(&at.Memberward, "memberward", "", "where Memberward answers this proxy: `HOST:PORT`, or unix:/PATH for nginx, caddy and haproxy")
	cmd.Flags().StringVar(&at.Application, "application", "", "the application: `HOST:PORT`")
	cmd.Flags().StringVar(&out, "out", "", "a `DIR` to write the files into, in place of printing them")
	cmd.Flags().SortFlags = false
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		files, err := snippet.Of(args[0], at)
		if err != nil {
			return usageError{fmt.Errorf("%w; see memberward snippet --help", err)}
		}
		if out != "" {
			return writeSnippet(s.stdout, out, files)
		}
		return printSnippet(s.stdout, files)
	}
	return cmd
}

// printSnippet prints one file as it is, and several under their names.
func printSnippet(w io.Writer, files []snippet.File) error {
	for i, f := range files {
		text := f.Text
		if len(files) > 1 {
			text = fmt.Sprintf("==> %s <==\n%s", f.Name, text)
		}
		if i > 0 {
			text = "\n" + text
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// writeSnippet writes all files or, when one of them is there, none.
func writeSnippet(w io.Writer, dir string, files []snippet.File) error {
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.Name)); !errors.Is(err, os.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already: nothing is overwritten", filepath.Join(dir, f.Name)), err)
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := writeNew(path, f.Text); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		if _, err := fmt.Fprintln(w, path); err != nil {
			return err
		}
	}
	return nil
}

// writeNew makes a file, or fails where there is one.
func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
}
