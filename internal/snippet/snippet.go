package snippet

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/memberward/memberward/deploy"
)

// File is one file of a configuration.
type File struct {
	Name string // as it is called beside the others
	Text string
}

// Addresses are what an operator changes. An empty one stays as it is shipped.
type Addresses struct {
	Listen      string // where clients come in: host:port, :port
	Memberward  string // where Memberward answers this proxy: host:port, or unix:/path where the proxy can
	Application string // host:port
}

// Proxies are the proxies there is a configuration for, in the order of the
// documentation.
func Proxies() []string {
	names := make([]string, len(shipped))
	for i, s := range shipped {
		names[i] = s.proxy
	}
	return names
}

// Unknown says that there is no configuration for a proxy, and for which there
// are.
type Unknown struct{ Proxy string }

// Error names the proxies that are known.
func (u Unknown) Error() string {
	return fmt.Sprintf("no configuration for %q: there are %s", u.Proxy, strings.Join(Proxies(), ", "))
}

// Of gives the files for a proxy. Its error is [Unknown], or says which address
// is none.
func Of(proxy string, at Addresses) ([]File, error) {
	i := slices.IndexFunc(shipped, func(s source) bool { return s.proxy == proxy })
	if i < 0 {
		return nil, Unknown{proxy}
	}
	replaced, err := shipped[i].replacements(at)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, name := range shipped[i].files {
		text, err := deploy.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{path.Base(name), strings.NewReplacer(replaced...).Replace(string(text))})
	}
	return files, nil
}

// replacements are old and new text in pairs, for the addresses that are given.
func (s source) replacements(at Addresses) ([]string, error) {
	var pairs []string
	for _, a := range []struct {
		flag, value string
		read        func(string) (address, error)
		write       func(address) []string
	}{
		{"listen", at.Listen, readListen, s.listen},
		{"memberward", at.Memberward, s.readMemberward, s.memberward},
		{"application", at.Application, readAddress, s.application},
	} {
		if a.value == "" {
			continue
		}
		read, err := a.read(a.value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", a.flag, err)
		}
		pairs = append(pairs, a.write(read)...)
	}
	return pairs, nil
}

// readMemberward reads an address, or a socket where the proxy can ask over
// one.
func (s source) readMemberward(text string) (address, error) {
	socket, is := strings.CutPrefix(text, "unix:")
	if !is {
		return readAddress(text)
	}
	if !s.sockets {
		return address{}, fmt.Errorf("%s asks over TCP only: want HOST:PORT", s.proxy)
	}
	if !strings.HasPrefix(socket, "/") || strings.Trim(socket, plainPath) != "" {
		return address{}, fmt.Errorf("want unix:/PATH, in letters, digits and any of / . _ -, not %q", text)
	}
	return address{socket: socket}, nil
}
