package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/telemetry"
)

// Options of [Serve]. Everything but Environment is required.
type Options struct {
	Config      config.Serve
	Environment config.Environment // only GOGC and GOMEMLIMIT are looked at
	Stdout      io.Writer          // what the demo prints
	Stderr      io.Writer          // logs, and what a first start made
	Clock       func() time.Time
	Random      io.Reader // cryptographic, safe for concurrent use
	Executable  string    // path of this program, which checks stores in child processes
}

// The names of what lies in the data folder.
const (
	storeFile     = "memberward.db"
	addressesFile = "addresses.json"
	keyFile       = "platform.key"
)

// Serve runs the program until ctx ends or the process is told to stop
// (SIGTERM, SIGINT; a second one ends it at once). It returns nil after a
// graceful stop. The error is a *config.Invalid when the configuration or the
// bootstrap file are at fault, a *policy.LoadError when the policies are.
func Serve(ctx context.Context, opts Options) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal is not caught
	defer setCollector(opts.Environment)()
	logger, err := telemetry.NewLogger(opts.Stderr, opts.Config.LogFormat, opts.Config.LogLevel)
	if err != nil {
		return &config.Invalid{Problems: []string{err.Error()}}
	}
	if opts.Config.Demo {
		return serveDemo(ctx, opts, logger)
	}
	if err := proxyOptions(opts.Config, nil).Check(); err != nil {
		return &config.Invalid{Problems: []string{err.Error()}}
	}
	if _, err := LoadTable(opts.Config.Routes, nil); err != nil { // before there is a folder
		return err
	}
	data, err := readBootstrap(opts)
	if err != nil {
		return err
	}
	if err := makeFolder(opts.Config.Data); err != nil {
		return err
	}
	return run(ctx, opts, logger, data.start)
}

// makeFolder makes the data folder unless it is there.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return &config.Invalid{Problems: []string{"--data (MEMBERWARD_DATA): " + path + " is a file; name a folder"}}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return nil
}

// serveDemo runs on a temporary folder, which it removes at the end.
func serveDemo(ctx context.Context, opts Options, logger *slog.Logger) (err error) {
	opts.Config.Data, err = os.MkdirTemp("", "memberward-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(opts.Config.Data)) }()
	opts.Config.SelfRegistration = true
	return run(ctx, opts, logger, startDemo)
}

// starter fills the store of a first start, and says afterwards what there is
// to say.
type starter func(ctx context.Context, p *program, at addresses) error

// run does the work of Serve in a data folder that exists.
func run(ctx context.Context, opts Options, logger *slog.Logger, first starter) (err error) {
	set, err := loadPolicies(ctx, opts)
	if err != nil {
		return err
	}
	for _, warning := range set.Warnings() {
		logger.Warn("policies: " + warning)
	}
	manager, err := findManager(logger)
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, opts.Config)
	if err != nil {
		return err
	}
	defer listeners.close()
	metrics := telemetry.NewMetrics(Version(), knownActions())
	store, err := boltstore.Open(filepath.Join(opts.Config.Data, storeFile), boltstore.Options{
		Clock: opts.Clock, Logger: logger,
		OnFault: func(err error) { logger.Error("the store has stopped; start again to go on", "error", err.Error()) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	p, err := assemble(ctx, opts, parts{logger: logger, metrics: metrics, store: store, engine: policy.NewEngine(set), manager: manager})
	if err != nil {
		return err
	}
	at := listeners.addresses()
	if err := at.remove(opts.Config.Data); err != nil { // a crash may have left them
		return err
	}
	if err := first(ctx, p, at); err != nil {
		return err
	}
	if err := at.write(opts.Config.Data); err != nil {
		return err
	}
	warn(logger, opts.Config)
	addresses := []any{"api", at.API, "proxy", at.Proxy, "grpc", at.GRPC, "ops", at.Ops}
	if at.FCGI != "" {
		addresses = append(addresses, "fcgi", at.FCGI)
	}
	logger.Info("listening", append(addresses, "version", Version().Version, "policy_revision", set.Revision())...)
	manager.tell(readyState)
	return errors.Join(p.serve(ctx, listeners), at.remove(opts.Config.Data))
}

// warn logs at every start what --insecure allows.
func warn(logger *slog.Logger, cfg config.Serve) {
	for _, w := range cfg.Warnings() {
		logger.Warn(w.Msg, "listener", w.Flag, "address", w.Address)
	}
}

// loadPolicies loads the embedded set, or the operator's.
func loadPolicies(ctx context.Context, opts Options) (*policy.Set, error) {
	source := policy.Embedded()
	if opts.Config.Policies != "" {
		source = policy.Dir(opts.Config.Policies)
	}
	set, err := policy.Load(ctx, source, policy.Options{Clock: opts.Clock})
	if err != nil && opts.Config.Policies != "" && !errors.As(err, new(*policy.LoadError)) {
		return nil, &config.Invalid{Problems: []string{"--policies (MEMBERWARD_POLICIES): " + err.Error()}}
	}
	return set, err
}
