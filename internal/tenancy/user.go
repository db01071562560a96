package tenancy

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind tells people from programs.
type Kind string

// The kinds of account.
const (
	KindHuman   Kind = "human"
	KindService Kind = "service"
)

// ParseKind reads "human" or "service".
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case KindHuman, KindService:
		return k, nil
	default:
		return "", fmt.Errorf("unknown kind %q: want human or service", s)
	}
}

// User is one account. It exists apart from any tenant.
type User struct {
	ID        UserID
	Email     string // as it was given, trimmed; EmailKey finds it
	GivenName string
	Surname   string
	Kind      Kind
	SignedUp  bool // false: reserved by an invitation, cannot sign in
	// Unverified says that the account signed up with the code of an invitation.
	// Whoever made that has seen the code: it proves the address to one tenant
	// alone, and every other adds a pending member (contracts/README.md, rule 6).
	Unverified   bool
	Enabled      bool // false: suspended everywhere
	PasswordHash string
	ActiveTenant TenantID // cognee's selection; zero: none
	TokenEpoch   uint64   // tokens of another epoch are refused; raised to end them all
	CreatedAt    time.Time
}

// The longest texts that an account or a tenant takes, in bytes.
const (
	EmailLimit = 254 // RFC 5321, 4.5.3.1.3
	NameLimit  = 256
)

// ParseEmail trims an address and checks its form: one "@" with something on
// both sides, no space or control character, at most 254 bytes. It is no
// proof that the address exists.
func ParseEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	local, domain, found := strings.Cut(s, "@")
	switch {
	case len(s) > EmailLimit:
		return "", fmt.Errorf("an e-mail address has at most %d bytes", EmailLimit)
	case !found || local == "" || domain == "" || strings.Contains(domain, "@"):
		return "", fmt.Errorf("an e-mail address has the form name@domain")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, notVisible):
		return "", fmt.Errorf("an e-mail address holds no space and no control character, nor any other that is not seen")
	case strings.ContainsFunc(s, passesForASCII):
		return "", fmt.Errorf("an e-mail address holds no letter whose lower case is an ASCII letter's")
	}
	return s, nil
}

// notVisible finds what could make two addresses of one to the eye: a space of
// zero width, a mark of direction.
func notVisible(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }

// passesForASCII finds the letters by which one mailbox would be matched as
// another: the lower case of the Kelvin sign is k, that of a dotted I is i.
func passesForASCII(r rune) bool {
	return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII
}

// EmailKey gives the form under which an address is matched: trimmed and in
// lower case (contracts/README.md, rule 7).
func EmailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// CheckName reports why s cannot name a person, tenant or key: at most 256
// bytes of valid UTF-8 without control characters.
func CheckName(s string) error {
	switch {
	case len(s) > NameLimit:
		return fmt.Errorf("a name has at most %d bytes", NameLimit)
	case !utf8.ValidString(s):
		return fmt.Errorf("a name is valid UTF-8")
	case strings.ContainsFunc(s, notPrintable):
		return fmt.Errorf("a name holds no control character")
	}
	return nil
}

func notPrintable(r rune) bool { return r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) }

// Proven reports whether whoever signs in with the account is known to have its
// address, so that what others give to the address is theirs.
func (u User) Proven() bool { return u.SignedUp && !u.Unverified }

// UserView is an account with when it last signed in (zero: never, or less
// than a second ago).
type UserView struct {
	User
	LastLoginAt time.Time
}
