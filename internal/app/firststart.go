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

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// start does what a first start has to do: a platform key and the bootstrap
// data, each unless it is there already.
func start(ctx context.Context, p *program, _ addresses) error {
	if err := p.ensurePlatformKey(ctx); err != nil {
		return err
	}
	return p.bootstrap(ctx)
}

// ensurePlatformKey makes the operator's key a platform key, or, on an empty
// store, makes one and writes it to a file.
func (p *program) ensurePlatformKey(ctx context.Context) error {
	chosen := p.cfg.BootstrapKey
	if chosen != "" {
		if err := authn.CheckChosenKey(chosen); err != nil {
			return &config.Invalid{Problems: []string{"MEMBERWARD_BOOTSTRAP_KEY: " + err.Error()}}
		}
		return p.installPlatformKey(ctx, chosen)
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
	if err := p.installPlatformKey(ctx, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stderr, "memberward: the first platform key is in %s\n", path)
	return err
}

// installPlatformKey stores a platform key unless it is one already.
func (p *program) installPlatformKey(ctx context.Context, text string) error {
	digest := authn.DigestOf(text)
	known, found, err := p.store.KeyByDigest(ctx, digest)
	switch {
	case err != nil:
		return fmt.Errorf("look for the platform key: %w", err)
	case found && known.Platform:
		return nil
	case found:
		return &config.Invalid{Problems: []string{"MEMBERWARD_BOOTSTRAP_KEY: this key is a person's API key: choose another"}}
	}
	key := tenancy.Key{ID: tenancy.KeyID(p.newID()), Label: "platform", Platform: true, Digest: digest}
	if _, err := p.gate.Install(ctx, tenancy.Seed{Keys: []tenancy.Key{key}}); err != nil {
		return fmt.Errorf("store the platform key: %w", err)
	}
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

// bootstrap applies the operator's file to a store without users.
func (p *program) bootstrap(ctx context.Context) error {
	path := p.cfg.Bootstrap
	if path == "" {
		return nil
	}
	populated, err := p.store.HasUsers(ctx)
	if err != nil {
		return fmt.Errorf("look for users: %w", err)
	}
	if populated {
		p.logger.Info("bootstrap data skipped: the store has users", "file", path)
		return nil
	}
	seed, err := p.readBootstrap(ctx, path)
	if err != nil {
		return err
	}
	if _, err := p.gate.Install(ctx, seed); err != nil {
		return notInstalled(path, err)
	}
	p.logger.Info("bootstrap data applied", "file", path,
		"users", len(seed.Users), "tenants", len(seed.Tenants), "memberships", len(seed.Memberships), "keys", len(seed.Keys))
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

func (p *program) readBootstrap(ctx context.Context, path string) (tenancy.Seed, error) {
	info, err := os.Stat(path)
	if err != nil {
		return tenancy.Seed{}, fmt.Errorf("--bootstrap: %w", err)
	}
	if info.Size() > fileLimit {
		return tenancy.Seed{}, &config.Invalid{Problems: []string{fmt.Sprintf("%s has more than %d bytes", path, fileLimit)}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return tenancy.Seed{}, fmt.Errorf("--bootstrap: %w", err)
	}
	file, err := config.ParseBootstrap(path, data)
	if err != nil {
		return tenancy.Seed{}, err
	}
	r := newResolver(path, p.newID, p.clock())
	seed, err := r.resolve(file)
	if err != nil {
		return tenancy.Seed{}, err
	}
	if err := p.checkKeysAreFree(ctx, path, seed); err != nil {
		return tenancy.Seed{}, err
	}
	return seed, p.hashPasswords(ctx, file, seed)
}

// checkKeysAreFree refuses a person's key that is the platform's.
func (p *program) checkKeysAreFree(ctx context.Context, path string, seed tenancy.Seed) error {
	invalid := &config.Invalid{}
	for i, key := range seed.Keys {
		_, found, err := p.store.KeyByDigest(ctx, key.Digest)
		if err != nil {
			return fmt.Errorf("look for a key: %w", err)
		}
		if found {
			invalid.Problems = append(invalid.Problems, fmt.Sprintf("%s: key number %d is in use already: choose another", path, i+1))
		}
	}
	if len(invalid.Problems) > 0 {
		return invalid
	}
	return nil
}

// hashPasswords fills in what takes time, once everything else is right. The
// seed's users are in the file's order.
func (p *program) hashPasswords(ctx context.Context, file config.Bootstrap, seed tenancy.Seed) error {
	for i, user := range file.Users {
		if user.Password == "" {
			continue
		}
		hash, err := p.authn.HashPassword(ctx, user.Password)
		if err != nil {
			return fmt.Errorf("hash the password of user number %d: %w", i+1, err)
		}
		seed.Users[i].PasswordHash = hash
	}
	return nil
}
