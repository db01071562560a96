package tenancy_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestIsReadable(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":[1,-2.5e10,1e308,1E-300,12345678901234567890]}`: true,
		strings.Repeat("9", 256):                              true,
		`"` + strings.Repeat("9", 1000) + `"`:                 true,
		strings.Repeat("9", 257):                              false,
		`{"a":[{"b":0.` + strings.Repeat("0", 300) + `1}]}`:   false,
		`[1e1000]`:         false,
		`[1e-1000]`:        false,
		`[1E+1000]`:        false,
		`{"a":1,"a":2}`:    false,
		`{"a":1}{"a":2}`:   false,
		`{"a":`:            false,
		"":                 false,
		"{\"a\":\"\xff\"}": false,
	} {
		if got := tenancy.IsReadable(text); got != want {
			t.Errorf("IsReadable(%.40q) = %t, want %t", text, got, want)
		}
	}
}
