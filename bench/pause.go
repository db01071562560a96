//go:build !linux

package main

import "time"

// pauseUntil sleeps.
func pauseUntil(at time.Time) { time.Sleep(time.Until(at)) }
