package config

import (
	"fmt"
	"strings"
)

// Invalid is a configuration that refuses to start. Each problem is one line
// for the operator: where it stands, what is wrong, what to do.
type Invalid struct{ Problems []string }

// Error gives the problems, a line each.
func (e *Invalid) Error() string { return strings.Join(e.Problems, "\n") }

// problems collects what is wrong.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// err is nil when nothing is wrong.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &Invalid{Problems: p}
}
