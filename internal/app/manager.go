package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/memberward/memberward/internal/config"
)

// manager is the service manager that started the program, if it wants to
// hear of it (systemd, Type=notify). Without one, nothing is sent.
type manager struct {
	logger   *slog.Logger
	watchdog time.Duration // how long it waits for a sign of life; 0: it does not
	send     func(state string) error
}

// What the service manager is told, in systemd's words (sd_notify(3)).
const (
	readyState    = daemon.SdNotifyReady + "\nSTATUS=Serving"
	aliveState    = daemon.SdNotifyWatchdog + "\nSTATUS=Serving"
	stoppingState = daemon.SdNotifyStopping + "\nSTATUS=Finishing what is in flight"
	failedState   = "STATUS=Not serving: " // no sign of life: the manager restarts the program
)

// findManager asks the environment for the service manager. A watchdog that
// cannot be understood is an *config.Invalid: to miss it would end the
// program over and over.
func findManager(logger *slog.Logger) (*manager, error) {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, &config.Invalid{Problems: []string{"WATCHDOG_USEC, WATCHDOG_PID: " + err.Error()}}
	}
	return &manager{logger: logger, watchdog: watchdog, send: func(state string) error {
		_, err := daemon.SdNotify(false, state)
		return err
	}}, nil
}

// tell sends a state. One that does not arrive is no reason to stop: the
// manager decides what it makes of the silence.
func (m *manager) tell(state string) {
	if err := m.send(state); err != nil {
		m.logger.Warn("the service manager cannot be told", "error", err.Error())
	}
}

// watch gives signs of life, two for each one that is wanted, until ctx ends.
func (m *manager) watch(ctx context.Context, alive func(context.Context) error) error {
	if m.watchdog == 0 {
		return nil
	}
	ticker := time.NewTicker(m.watchdog / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			m.beat(ctx, alive)
		}
	}
}

// beat gives one sign of life, or says why there is none.
func (m *manager) beat(ctx context.Context, alive func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, m.watchdog/2)
	defer cancel()
	if err := alive(ctx); err != nil {
		m.tell(failedState + strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	m.tell(aliveState)
}

// alive is nil while the store serves, which it shows by answering: a program
// that only looks alive must be started again.
func (p *program) alive(ctx context.Context) error {
	if err := p.store.Err(); err != nil {
		return err
	}
	_, err := p.store.HasUsers(ctx)
	return err
}
