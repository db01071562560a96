package authn

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/memberward/memberward/internal/tenancy"
)

// The lengths of a password, in bytes: NIST SP 800-63B asks for eight at
// least; the upper end keeps a request from buying work.
const (
	PasswordShortest = 8
	PasswordLongest  = 1024
)

// The work of one hash, as OWASP's password storage cheat sheet has it for
// argon2id: 19 MiB, two passes, one lane.
const (
	hashMemory = 19456 // KiB
	hashPasses = 2
	hashLanes  = 1
	saltBytes  = 16
	hashBytes  = 32
)

// What a stored hash may ask for. The bounds keep a damaged record from
// taking all memory.
const (
	memoryLimit = 1 << 18 // KiB
	passesLimit = 16
	lanesLimit  = 16
	bytesLimit  = 64 // salt and hash, each
)

// nobodysHash has the work of a real one and matches no password: it is
// checked when there is no account, so that the time tells nobody which
// addresses have one.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$bm9ib2R5IGhhcyBhIHBhc3N3b3JkIHdpdGggdGhpcyE"

// HashPassword checks a new password's length and hashes it into a PHC
// string: argon2id with a random salt. It waits for its turn until ctx ends.
// Errors are *tenancy.Error: invalid for the length, timeout for the wait.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	if len(password) < PasswordShortest || len(password) > PasswordLongest {
		return "", &tenancy.Error{
			Code: tenancy.CodeInvalid,
			Msg:  fmt.Sprintf("a password has %d to %d bytes", PasswordShortest, PasswordLongest),
		}
	}
	var salt [saltBytes]byte
	if _, err := io.ReadFull(s.random, salt[:]); err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	h := hash{memory: hashMemory, passes: hashPasses, lanes: hashLanes, salt: salt[:], sum: make([]byte, hashBytes)}
	sum, err := s.derive(ctx, password, h)
	if err != nil {
		return "", err
	}
	h.sum = sum
	return h.String(), nil
}

// verifyPassword reports whether the password is the one that was hashed. An
// error says that this could not be found out.
func (s *Service) verifyPassword(ctx context.Context, password, stored string) (bool, error) {
	h, err := parseHash(stored)
	if err != nil {
		return false, fmt.Errorf("read a stored password hash: %w", err)
	}
	sum, err := s.derive(ctx, password, h)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, h.sum) == 1, nil
}

// derive does the expensive part, a bounded number at a time: each takes
// 19 MiB.
func (s *Service) derive(ctx context.Context, password string, h hash) ([]byte, error) {
	select {
	case s.hashers <- struct{}{}:
		defer func() { <-s.hashers }()
	case <-ctx.Done():
		return nil, &tenancy.Error{Code: tenancy.CodeTimeout, Msg: "too many passwords are being checked; try again", Cause: ctx.Err()}
	}
	if err := ctx.Err(); err != nil { // both were ready: the caller is gone
		return nil, &tenancy.Error{Code: tenancy.CodeTimeout, Msg: "the request has ended", Cause: err}
	}
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(len(h.sum))), nil
}

// hash is a PHC string in parts.
type hash struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	salt   []byte
	sum    []byte
}

// String gives $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (h hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

// parseHash reads what String wrote, and nothing that merely resembles it.
func parseHash(text string) (hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return hash{}, errors.New("not an argon2id hash of version 19")
	}
	h, err := parseWork(parts[3])
	if err != nil {
		return hash{}, err
	}
	if h.salt, err = decodeBytes(parts[4]); err != nil {
		return hash{}, fmt.Errorf("salt: %w", err)
	}
	if h.sum, err = decodeBytes(parts[5]); err != nil {
		return hash{}, fmt.Errorf("hash: %w", err)
	}
	return h, nil
}

// parseWork reads m=…,t=…,p=….
func parseWork(text string) (hash, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return hash{}, errors.New("want m=…,t=…,p=…")
	}
	var numbers [3]uint32
	for i, row := range []struct {
		name  string
		limit uint64
	}{{"m=", memoryLimit}, {"t=", passesLimit}, {"p=", lanesLimit}} {
		digits, found := strings.CutPrefix(parts[i], row.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || n == 0 || n > row.limit {
			return hash{}, fmt.Errorf("want %s1 to %d", row.name, row.limit)
		}
		numbers[i] = uint32(n)
	}
	return hash{memory: numbers[0], passes: numbers[1], lanes: uint8(numbers[2])}, nil
}

func decodeBytes(text string) ([]byte, error) {
	data, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 || len(data) > bytesLimit {
		return nil, fmt.Errorf("has %d bytes, want 8 to %d", len(data), bytesLimit)
	}
	return data, nil
}
