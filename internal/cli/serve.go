package cli

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
	"github.com/memberward/memberward/internal/config"
)

func newServe(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Run the server",
		Long: `Run the server. The first start makes the folder, the store in it, and a first
platform key in DIR/platform.key; nothing else is needed. The addresses that it
listens on are logged, and written to DIR/addresses.json.

A setting comes from its flag, else from the variable in brackets, else from the
configuration file, where a flag is written in snake case (proxy_listen), else it
has its default. By variable or file:
` + flagless(true) + `
By file only:
` + flagless(false) + `
SIGTERM or SIGINT (Ctrl-C) stops it gracefully, a second one at once.
SIGHUP has it read the file of routes at once.`,
		Example: `  memberward serve --demo
  memberward serve --data /var/lib/memberward
  memberward serve --config /etc/memberward/memberward.yaml
  memberward serve --data ./data --bootstrap people.yaml --proxy-listen unix:/run/memberward/proxy.sock
  MEMBERWARD_DATA=./data MEMBERWARD_LOG_FORMAT=json memberward serve`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadServe(flagsOf(cmd), s.env)
			if err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			return app.Serve(cmd.Context(), app.Options{
				Config: cfg, Environment: s.env, Stdout: s.stdout, Stderr: s.stderr, Clock: time.Now, Random: rand.Reader, Executable: self,
			})
		},
	}
	addSettings(cmd, func(config.Setting) bool { return true })
	return cmd
}
