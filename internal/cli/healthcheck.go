package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/config"
)

// healthTimeout is how long a server may take to say whether it is ready.
const healthTimeout = 5 * time.Second

// reportLimit is the longest report that is read, in bytes.
const reportLimit = 64 << 10

func newHealthcheck(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask whether a running server is ready",
		Long: `Ask the server on this machine whether it is ready to answer. The exit code is 0
when it is, and 1 when it is not or cannot be asked. For the HEALTHCHECK of a
container, and for scripts that wait.`,
		Example: `  memberward healthcheck
  memberward healthcheck --ops-listen 127.0.0.1:9282
  memberward healthcheck --config /etc/memberward/memberward.yaml`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			address, err := config.LoadOpsListen(flagsOf(cmd), s.env)
			if err != nil {
				return err
			}
			if err := askReady(cmd.Context(), address); err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.stdout, "ready")
			return err
		},
	}
	addSettings(cmd, func(s config.Setting) bool { return s.Flag == "ops-listen" || s.Flag == "config" })
	return cmd
}

// askReady is nil when the server says that it is ready.
func askReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(address)+"/readyz?verbose", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	client := http.Client{ // no proxy, no redirect: only the server itself may answer
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server answers on the ops listener: %w; is it running? name its address with --ops-listen", err)
	}
	report, err := io.ReadAll(io.LimitReader(response.Body, reportLimit))
	err = errors.Join(err, response.Body.Close())
	switch {
	case response.StatusCode == http.StatusOK && err == nil:
		return nil
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", address, err)
	default:
		return fmt.Errorf("not ready (%d): %s", response.StatusCode, strings.Join(strings.Split(strings.TrimSpace(string(report)), "\n"), "; "))
	}
}

// reachable turns "every interface" into one that can be asked. It is no name:
// a container without a hosts file knows none.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	switch {
	case err == nil && (host == "" || ip.Equal(net.IPv4zero)):
		return net.JoinHostPort("127.0.0.1", port)
	case err == nil && ip.Equal(net.IPv6unspecified):
		return net.JoinHostPort("::1", port)
	default:
		return address
	}
}
