package snippet

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// What may stand in an address: it is written into a configuration, where
// other characters could mean something.
const (
	plain     = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
	plainPath = plain + "/"
)

// address is a host and a port, or a socket.
type address struct{ host, port, socket string }

// String gives host:port.
func (a address) String() string { return net.JoinHostPort(a.host, a.port) }

// readAddress reads host:port.
func readAddress(text string) (address, error) {
	a, err := readListen(text)
	if err == nil && a.host == "" {
		err = fmt.Errorf("want HOST:PORT, not %q", text)
	}
	return a, err
}

// readListen reads host:port, where no host stands for every interface.
func readListen(text string) (address, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, fmt.Errorf("want HOST:PORT, not %q", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strings.HasPrefix(port, "0") {
		return address{}, fmt.Errorf("want a port from 1 to 65535, not %q", port)
	}
	if ip := net.ParseIP(host); ip == nil && strings.Trim(host, plain) != "" {
		return address{}, fmt.Errorf("want a name or an address, not %q", host)
	}
	return address{host: host, port: port}, nil
}

// on gives the address with every interface spelt as a proxy spells it.
func (a address) on(every string) string {
	if a.host == "" {
		return every + a.port
	}
	return a.String()
}

// orSocket gives the address, or the socket behind a proxy's prefix.
func (a address) orSocket(prefix string) string {
	if a.socket != "" {
		return prefix + a.socket
	}
	return a.String()
}
