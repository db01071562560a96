package boltstore

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/memberward/memberward/internal/tenancy"
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// recoverDamage turns a panic of bbolt, or a fault of the mapped memory, into
// errDamaged. Only calls into bbolt are guarded with it.
func recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = damaged("%v", p)
	}
}

// callerFault is the error of a transaction function that panicked. It gives
// the text of a runtime error alone: other values may hold anything, and the
// error is logged.
func callerFault(p any) error {
	if _, mapped := p.(interface{ Addr() uintptr }); mapped { // debug.SetPanicOnFault
		return damaged("%v", p) // a page vanished while a record was being decoded
	}
	cause := fmt.Errorf("panic: %T", p)
	if fault, isRuntime := p.(runtime.Error); isRuntime {
		cause = fmt.Errorf("panic: %w", fault)
	}
	return &tenancy.Error{Code: tenancy.CodeInternal, Msg: "a transaction failed", Cause: cause}
}

// full reports whether an error says that there is no room. bbolt keeps only
// the text of the errors of growing the file and the map.
func full(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, errno) || strings.Contains(err.Error(), errno.Error()) {
			return true
		}
	}
	return errors.Is(err, berrors.ErrMaxSizeReached)
}

func storeFull(cause error) error {
	return &tenancy.Error{Code: tenancy.CodeStoreFull, Msg: "the disk is full; nothing was changed", Cause: cause}
}

func outcomeUnknown(cause error) error {
	return &tenancy.Error{
		Code: tenancy.CodeOutcomeUnknown, Cause: cause,
		Msg: "the change may or may not be on the disk; the store stops until it is opened again",
	}
}

func unavailable(msg string, cause error) error {
	return &tenancy.Error{Code: tenancy.CodeUnavailable, Msg: msg, Cause: cause}
}
