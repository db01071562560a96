package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/memberward/memberward/internal/config"
)

// listeners are the open ones.
type listeners struct {
	api, proxy, grpc, ops net.Listener
	fcgi                  net.Listener // nil: none
}

// listen opens every listener, so that a taken address is found before
// anything else happens.
func listen(ctx context.Context, cfg config.Serve) (l listeners, err error) {
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.api, err = listenTCP(ctx, "--listen", cfg.Listen); err != nil {
		return l, err
	}
	if l.ops, err = listenTCP(ctx, "--ops-listen", cfg.OpsListen); err != nil {
		return l, err
	}
	if l.grpc, err = listenAny(ctx, "--grpc-listen", cfg.GRPCListen); err != nil {
		return l, err
	}
	if cfg.FCGIListen != "" {
		if l.fcgi, err = listenAny(ctx, "--fcgi-listen", cfg.FCGIListen); err != nil {
			return l, err
		}
	}
	l.proxy, err = listenAny(ctx, "--proxy-listen", cfg.ProxyListen)
	return l, err
}

// listenAny opens a port or a socket.
func listenAny(ctx context.Context, flag, address string) (net.Listener, error) {
	if path, ok := config.UnixPath(address); ok {
		return listenUnix(ctx, flag, path)
	}
	return listenTCP(ctx, flag, address)
}

func listenTCP(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: choose another address with %s (port 0 takes a free one)", address, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	default:
		return l, nil
	}
}

// socketMode lets the proxy's group connect, and nobody else.
const socketMode = 0o660

// listenUnix opens a socket. One that was left behind is replaced, one that
// somebody answers on is not.
func listenUnix(ctx context.Context, flag, path string) (net.Listener, error) {
	if err := removeStale(ctx, path); err != nil {
		return nil, fmt.Errorf("%s unix:%s: %w", flag, path, err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s unix:%s: there is no folder %s: make it first", flag, path, filepath.Dir(path))
	case err != nil:
		return nil, fmt.Errorf("%s unix:%s: %w", flag, path, err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("%s unix:%s: %w", flag, path, err), l.Close())
	}
	return l, nil
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something there that is no socket: choose another path")
	}
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(errors.New("another program answers there: stop it, or choose another path"), connection.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	default:
		return fmt.Errorf("another program may be using the socket: %w", err)
	}
}

// close closes what is open. Listeners that a server has taken are closed by
// it; closing them again changes nothing.
func (l listeners) close() {
	for _, one := range []net.Listener{l.api, l.proxy, l.grpc, l.ops, l.fcgi} {
		if one != nil {
			_ = one.Close()
		}
	}
}

// addresses are where the listeners really are, as addresses.json has them.
type addresses struct {
	API   string `json:"api"`
	Proxy string `json:"proxy"` // host:port, or unix:/path
	GRPC  string `json:"grpc"`  // the same
	Ops   string `json:"ops"`
	FCGI  string `json:"fcgi,omitempty"` // Apache's checks, where they are on
}

func (l listeners) addresses() addresses {
	at := addresses{
		API: l.api.Addr().String(), Proxy: addressOf(l.proxy), GRPC: addressOf(l.grpc), Ops: l.ops.Addr().String(),
	}
	if l.fcgi != nil {
		at.FCGI = addressOf(l.fcgi)
	}
	return at
}

// addressOf is where a listener is: host:port, or unix:/path.
func addressOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return l.Addr().String()
}

// write puts the addresses into the data folder, all at once: a script that
// waits for the file never reads half of it.
func (a addresses) write(folder string) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("write the addresses: %w", err)
	}
	path := filepath.Join(folder, addressesFile)
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the addresses: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write the addresses: %w", err)
	}
	return nil
}

// remove takes the file away when nobody listens any more.
func (a addresses) remove(folder string) error {
	if err := os.Remove(filepath.Join(folder, addressesFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the addresses: %w", err)
	}
	return nil
}
