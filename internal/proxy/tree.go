package proxy

import (
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// node is a place in a table: the parts of hosts and paths that lead to it are
// those of every route below it. A request takes one lookup for each of its
// parts, however many routes there are, and another way back only where a
// literal and a parameter stand in the same place; see visits.
type node struct {
	literals map[string]*node
	param    *node
	here     end // of routes that end here
	rest     end // of routes that go on with **
}

// end is where routes of the same path end: the rules of its methods, which
// are few. Without rules it is none.
type end []rule

// rule is what one method asks for at an end.
type rule struct {
	row      *row
	method   string
	action   tenancy.Action
	captures []capture
}

// capture is a parameter and its place among the keys.
type capture struct {
	name string
	at   int
}

// visitLimit bounds how many nodes one request may lead to, in all.
const visitLimit = 256

// at gives the end of a path, which it makes if need be.
func (n *node) at(parts []part, rest bool) *end {
	for _, p := range parts {
		n = n.next(p)
	}
	if rest {
		return &n.rest
	}
	return &n.here
}

func (n *node) next(p part) *node {
	if p.param != "" {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	child := n.literals[p.literal]
	if child == nil {
		child = &node{}
		n.literals[p.literal] = child
	}
	return child
}

// find follows keys: at each a literal comes before a parameter, and a
// parameter before **. It is nil where no route leads.
func (n *node) find(keys []string) end {
	if len(keys) == 0 {
		if n.here != nil {
			return n.here
		}
		return n.rest
	}
	if child := n.literals[keys[0]]; child != nil {
		if found := child.find(keys[1:]); found != nil {
			return found
		}
	}
	if n.param != nil && keys[0] != "" && keys[0] != pathBegins {
		if found := n.param.find(keys[1:]); found != nil {
			return found
		}
	}
	return n.rest
}

// visits bounds how many nodes find looks at from here on, whatever the
// request. It stops counting beyond visitLimit.
func (n *node) visits() int {
	most := 0
	for _, child := range n.literals {
		most = max(most, child.visits())
	}
	if n.param != nil {
		most += n.param.visits()
	}
	return min(most+1, visitLimit+1)
}

// rule gives what a method asks for, nil where it asks for nothing.
func (e end) rule(method string) *rule {
	if r := e.of(method); r != nil {
		return r
	}
	if method == http.MethodHead {
		if r := e.of(http.MethodGet); r != nil {
			return r
		}
	}
	return e.of(AnyMethod)
}

// of gives the rule that names a method.
func (e end) of(method string) *rule {
	for i := range e {
		if e[i].method == method {
			return &e[i]
		}
	}
	return nil
}

// rival gives a rule of another row that asks what a method of this one does,
// nil when there is none. Who names no method means all of them.
func (e end) rival(method string, of *row) *rule {
	for i := range e {
		if e[i].method == method || e[i].row != of && (e[i].row.every || of.every) {
			return &e[i]
		}
	}
	return nil
}
