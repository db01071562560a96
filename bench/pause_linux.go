package main

import (
	"syscall"
	"time"
)

// pauseUntil sleeps in the kernel. An idle Go program's own timers go off up
// to a millisecond late there, which would bunch requests up.
func pauseUntil(at time.Time) {
	for left := time.Until(at); left > 0; left = time.Until(at) {
		pause := syscall.NsecToTimespec(left.Nanoseconds())
		if err := syscall.Nanosleep(&pause, nil); err != nil && err != syscall.EINTR {
			time.Sleep(left)
		}
	}
}
