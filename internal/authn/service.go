package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"

	"github.com/memberward/memberward/internal/tenancy"
)

// Options are what a Service is built from besides the directory.
type Options struct {
	Clock         func() time.Time // required
	Random        io.Reader        // required; cryptographic, safe for concurrent use
	TokenLifetime time.Duration    // zero: one hour; whole seconds
	Hashers       int              // passwords hashed at a time, 19 MiB each; zero: 2
}

// Service checks credentials and makes new ones. It is safe for concurrent use.
type Service struct {
	dir      Directory
	clock    func() time.Time
	random   io.Reader
	lifetime time.Duration
	hashers  chan struct{} // holds one element per password being hashed
	touched  *lru.Cache[tenancy.KeyID, time.Time]
	keys     atomic.Pointer[signer] // that sign tokens; nil: they have to be read
	rotation *semaphore.Weighted    // held while the keys are read or changed
}

const (
	defaultLifetime = time.Hour
	defaultHashers  = 2
	touchedKeys     = 4096        // keys whose last use is remembered
	touchEvery      = time.Minute // a key's use is noted this often
)

// New builds a Service. It loads the keys that sign tokens, and makes the
// first one when the directory holds none.
func New(ctx context.Context, dir Directory, options Options) (*Service, error) {
	if dir == nil || options.Clock == nil || options.Random == nil {
		return nil, errors.New("authn: a directory, a clock and a source of randomness are required")
	}
	if options.TokenLifetime == 0 {
		options.TokenLifetime = defaultLifetime
	}
	if options.Hashers == 0 {
		options.Hashers = defaultHashers
	}
	if options.TokenLifetime < time.Second || options.Hashers < 0 {
		return nil, errors.New("authn: tokens live a second at least, and at least one password is hashed at a time")
	}
	touched, err := lru.New[tenancy.KeyID, time.Time](touchedKeys)
	if err != nil {
		return nil, fmt.Errorf("authn: %w", err)
	}
	s := &Service{
		dir: dir, clock: options.Clock, random: options.Random,
		lifetime: options.TokenLifetime.Truncate(time.Second),
		hashers:  make(chan struct{}, options.Hashers),
		touched:  touched,
		rotation: semaphore.NewWeighted(1),
	}
	if err := s.ReloadSigningKeys(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// refused is the one error of every credential that is not accepted. The
// cause is for the log only.
func refused(cause string) error {
	return &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "the credential is not valid", Cause: errors.New(cause)}
}

// isRefused reports whether err says that a credential is not accepted, and
// not that it could not be checked.
func isRefused(err error) bool {
	var e *tenancy.Error
	return errors.As(err, &e) && e.Code == tenancy.CodeUnauthenticated
}

// touch notes the use of a key, at most once a minute, so that checks do not
// keep the disk busy.
func (s *Service) touch(key tenancy.KeyID, now time.Time) {
	if last, known := s.touched.Get(key); known && now.Sub(last) < touchEvery && !now.Before(last) {
		return
	}
	s.touched.Add(key, now)
	s.dir.Touch(tenancy.Touch{Key: key, At: now})
}
