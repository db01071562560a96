package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Why a peer or the list of hops is refused.
const (
	ReasonPeer         Reason = "the peer is not trusted"
	ReasonForwardedFor Reason = "X-Forwarded-For holds something that is no address"
)

// forwardedFor is the only control header that is a list.
const forwardedFor = "X-Forwarded-For"

// peers are those whose control headers count, besides unix sockets.
type peers []netip.Prefix

// newPeers checks a list of networks; an empty one stands for loopback.
func newPeers(networks []netip.Prefix) (peers, error) {
	if len(networks) == 0 {
		return peers{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, nil
	}
	trusted := make(peers, 0, len(networks))
	for _, n := range networks {
		switch {
		case !n.IsValid():
			return nil, fmt.Errorf("trusted peers: an invalid network")
		case n.Bits() == 0:
			return nil, fmt.Errorf("trusted peers: %s would trust everybody", n)
		case n.Addr().Is4In6():
			return nil, fmt.Errorf("trusted peers: write %s as an IPv4 network", n)
		}
		trusted = append(trusted, n.Masked())
	}
	return trusted, nil
}

func (p peers) trust(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// peer gives the address of who asks, or the zero address for a trusted
// unix socket. It refuses who is not trusted.
func (p peers) peer(r *http.Request) (netip.Addr, error) {
	if _, unix := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr); unix {
		return netip.Addr{}, nil
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, ReasonPeer
	}
	addr := remote.Addr().Unmap().WithZone("")
	if !p.trust(addr) {
		return netip.Addr{}, ReasonPeer
	}
	return addr, nil
}

// client finds the address of the original client: the right-most hop of
// X-Forwarded-For that is not trusted, else the first hop, else the peer. It
// is empty when only a unix socket is known.
func (p peers) client(h http.Header, peer netip.Addr) (string, error) {
	if !has(h, forwardedFor) {
		return addrString(peer), nil
	}
	hops := strings.Split(strings.Join(h[forwardedFor], ","), ",")
	var client netip.Addr
	for _, hop := range slices.Backward(hops) {
		addr, err := parseHop(strings.Trim(hop, " \t"))
		if err != nil {
			return "", err
		}
		client = addr
		if !p.trust(addr) {
			break
		}
	}
	return addrString(client), nil
}

func addrString(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// parseHop reads an address, which some proxies write with a port or in
// brackets.
func parseHop(hop string) (netip.Addr, error) {
	if with, err := netip.ParseAddrPort(hop); err == nil {
		return with.Addr().Unmap().WithZone(""), nil
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		hop = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(hop)
	if err != nil {
		return netip.Addr{}, ReasonForwardedFor
	}
	return addr.Unmap().WithZone(""), nil
}

// Trusts reports whether what a peer asks counts at all. It is for servers
// that would keep what they receive; checks look for themselves.
func (h *Handler) Trusts(peer net.Addr) bool {
	if _, unix := peer.(*net.UnixAddr); unix {
		return true
	}
	remote, err := netip.ParseAddrPort(peer.String())
	return err == nil && h.rules.peers.trust(remote.Addr().Unmap().WithZone(""))
}
