package app

import (
	"context"
	"time"
)

// The signing key is changed when it is a month old; whether it is time is
// looked at every hour, and at the start.
const (
	signingKeyAge = 30 * 24 * time.Hour
	rotationEvery = time.Hour
)

// rotateKeys changes the key that signs tokens as time passes, and forgets what
// no retry asks for any more, until ctx ends.
func (p *program) rotateKeys(ctx context.Context) error {
	ticker := time.NewTicker(rotationEvery)
	defer ticker.Stop()
	return p.rotateAt(ctx, ticker.C)
}

// rotateAt looks at once, and whenever due says so. A rotation that fails
// costs nobody anything: the key before goes on signing, and the next one may
// succeed. So it is reported, and ends nothing.
func (p *program) rotateAt(ctx context.Context, due <-chan time.Time) error {
	for {
		p.rotate(ctx)
		p.forget(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-due:
		}
	}
}

func (p *program) rotate(ctx context.Context) {
	done, err := p.authn.RotateIfOlder(ctx, signingKeyAge)
	if !done.Added.IsZero() {
		p.logger.Info("the signing key was rotated", "key", done.Added.String())
	}
	for _, key := range done.Dropped {
		p.logger.Info("a signing key was dropped: its tokens have expired", "key", key.String())
	}
	if err != nil && ctx.Err() == nil {
		p.logger.Error("the signing key could not be rotated", "error", err.Error())
	}
}

// forget removes the receipts that are too old.
func (p *program) forget(ctx context.Context) {
	forgotten, err := p.store.ForgetReceipts(ctx)
	if forgotten > 0 {
		p.logger.Debug("receipts were forgotten", "receipts", forgotten)
	}
	if err != nil && ctx.Err() == nil {
		p.logger.Error("old receipts could not be forgotten", "error", err.Error())
	}
}
