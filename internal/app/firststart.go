package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// bootstrap is the operator's file, read and checked before anything is made.
// The zero value is none.
type bootstrap struct {
	path string
	file config.Bootstrap
	seed tenancy.Seed // without password hashes
}

// start does what a first start has to do: a platform key and the bootstrap
// data, each unless it is there already.
func (b bootstrap) start(ctx context.Context, p *program, _ addresses) error {
	if err := p.ensurePlatformKey(ctx); err != nil {
		return err
	}
	return p.applyBootstrap(ctx, b)
}

// ensurePlatformKey makes the operator's key a platform key, or, on an empty
// store, makes one and writes it to a file.
func (p *program) ensurePlatformKey(ctx context.Context) error {
	chosen := p.cfg.BootstrapKey
	if chosen != "" {
		if err := authn.CheckChosenKey(chosen); err != nil {
			return &config.Invalid{Problems: []string{"MEMBERWARD_BOOTSTRAP_KEY: " + err.Error()}}
		}
		return p.installPlatformKey(ctx, chosen, "MEMBERWARD_BOOTSTRAP_KEY")
	}
	if p.store.Revision() > 0 {
		return nil
	}
	path := filepath.Join(p.cfg.Data, keyFile)
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = p.writeKeyFile(path)
	}
	if err != nil {
		return err
	}
	return p.installPlatformKey(ctx, text, path)
}

// installPlatformKey stores a platform key unless it is one already. The log
// names the source of a new one, and the id under which it can be withdrawn.
func (p *program) installPlatformKey(ctx context.Context, text, source string) error {
	digest := authn.DigestOf(text)
	known, found, err := p.store.KeyByDigest(ctx, digest)
	switch {
	case err != nil:
		return fmt.Errorf("look for the platform key: %w", err)
	case found && known.Platform:
		return nil
	case found:
		return &config.Invalid{Problems: []string{source + ": this key is a person's API key: choose another"}}
	}
	id, ours := authn.KeyIDOf(text) // then the text names the id to withdraw it by
	if !ours {
		id = tenancy.KeyID(p.newID())
	}
	key := tenancy.Key{ID: id, Label: "platform", Platform: true, Digest: digest}
	if _, err := p.gate.Install(ctx, tenancy.Seed{Keys: []tenancy.Key{key}}); err != nil {
		return fmt.Errorf("store the platform key: %w", err)
	}
	p.logger.Info("a platform key was added", "source", source, "key", key.ID.String())
	return nil
}

// readKeyFile reads the key of a first start that was cut short.
func readKeyFile(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: others than its owner may read it: remove it, and start again", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(string(data), "\n")
	if err := authn.CheckChosenKey(text); err != nil {
		return "", fmt.Errorf("%s holds no key (%w): remove it, and start again", path, err)
	}
	return text, nil
}

// writeKeyFile makes a key and writes it, durably, before the store knows it:
// a crash in between leaves a file that the next start reads, and never a key
// that nobody has.
func (p *program) writeKeyFile(path string) (string, error) {
	key, err := p.authn.NewKey()
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("write the platform key: %w", err)
	}
	_, err = io.WriteString(file, key.Text+"\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", fmt.Errorf("write the platform key: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", fmt.Errorf("write the platform key: %w", err)
	}
	return key.Text, nil
}

// applyBootstrap applies the operator's file to a store without users.
func (p *program) applyBootstrap(ctx context.Context, b bootstrap) error {
	if b.path == "" {
		return nil
	}
	populated, err := p.store.HasUsers(ctx)
	if err != nil {
		return fmt.Errorf("look for users: %w", err)
	}
	if populated {
		p.logger.Info("bootstrap data skipped: the store has users", "file", b.path)
		return nil
	}
	if err := p.checkKeysAreFree(ctx, b); err != nil {
		return err
	}
	if err := p.hashPasswords(ctx, b); err != nil {
		return err
	}
	if _, err := p.gate.Install(ctx, b.seed); err != nil {
		return notInstalled(b.path, err)
	}
	p.logger.Info("bootstrap data applied", "file", b.path,
		"users", len(b.seed.Users), "tenants", len(b.seed.Tenants), "memberships", len(b.seed.Memberships), "keys", len(b.seed.Keys))
	return nil
}

// notInstalled tells a file that breaks the invariants from a store that
// fails.
func notInstalled(path string, err error) error {
	if failed := (*tenancy.Error)(nil); errors.As(err, &failed) {
		return fmt.Errorf("apply %s: %w", path, err)
	}
	return &config.Invalid{Problems: []string{path + ": " + err.Error()}}
}

// fileLimit is the largest bootstrap file, in bytes.
const fileLimit = 64 << 20

// readBootstrap reads and checks the operator's file, if there is one. The
// error is a *config.Invalid.
func readBootstrap(opts Options) (bootstrap, error) {
	path := opts.Config.Bootstrap
	if path == "" {
		return bootstrap{}, nil
	}
	data, err := readLimited(path)
	if err != nil {
		return bootstrap{}, &config.Invalid{Problems: []string{"--bootstrap (MEMBERWARD_BOOTSTRAP): " + err.Error()}}
	}
	file, err := config.ParseBootstrap(path, data)
	if err != nil {
		return bootstrap{}, err
	}
	newID := func() uuid.UUID { return makeID(opts.Random) }
	seed, err := newResolver(path, newID, opts.Clock()).resolve(file)
	return bootstrap{path: path, file: file, seed: seed}, err
}

// readLimited reads a file of at most fileLimit bytes.
func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Size() > fileLimit:
		return nil, fmt.Errorf("%s has more than %d bytes", path, fileLimit)
	default:
		return os.ReadFile(path)
	}
}

// checkKeysAreFree refuses a person's key that is the platform's.
func (p *program) checkKeysAreFree(ctx context.Context, b bootstrap) error {
	invalid := &config.Invalid{}
	for i, key := range b.seed.Keys {
		_, found, err := p.store.KeyByDigest(ctx, key.Digest)
		if err != nil {
			return fmt.Errorf("look for a key: %w", err)
		}
		if found {
			invalid.Problems = append(invalid.Problems, fmt.Sprintf("%s: key number %d is in use already: choose another", b.path, i+1))
		}
	}
	if len(invalid.Problems) > 0 {
		return invalid
	}
	return nil
}

// hashPasswords fills in what takes time, once everything else is right. The
// seed's users are in the file's order.
func (p *program) hashPasswords(ctx context.Context, b bootstrap) error {
	for i, user := range b.file.Users {
		if user.Password == "" {
			continue
		}
		hash, err := p.authn.HashPassword(ctx, user.Password)
		if err != nil {
			return fmt.Errorf("hash the password of user number %d: %w", i+1, err)
		}
		b.seed.Users[i].PasswordHash = hash
	}
	return nil
}
