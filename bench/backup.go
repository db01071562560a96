package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
)

// beside is how many writers go on while a backup is made.
const beside = 16

// measureBackup makes backups of a large store while writers write. The time
// of each is held against a plain copy of the same file, made while nobody
// writes; the writes meanwhile, against those without a backup.
func measureBackup(ctx context.Context, p plan, dir string) ([]result, error) {
	data, _, err := seeded(ctx, dir, p.large)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(data, "memberward.db")
	store, err := openWritesOn(ctx, path, boltstore.Options{Clock: time.Now}, leanness{})
	if err != nil {
		return nil, err
	}
	b := backupBench{store: store, path: path, copy: filepath.Join(dir, "copy.db")}
	took, writes, err := b.measure(ctx, p)
	if err == nil && !(took.bound.holds(took.value) && writes.bound.holds(writes.value)) {
		before := fmt.Sprintf(", measured again after %.2f x and %.2f x", took.value, writes.value)
		took, writes, err = b.measure(ctx, plan{backups: 2 * p.backups, window: p.window})
		took.note, writes.note = took.note+before, writes.note+before
	}
	return []result{took, writes}, errors.Join(err, store.close())
}

// backupBench is a store that writers write to, and a place for copies of it.
type backupBench struct {
	store      *writeBench
	path, copy string
}

// measure gives the copy's speed in a backup against a plain one, and the
// writes beside a backup against those without.
func (b *backupBench) measure(ctx context.Context, p plan) (took, writes result, err error) {
	var plain, whole, during, without []float64
	for range p.backups {
		took, err := b.plainCopy()
		if err != nil {
			return result{}, result{}, err
		}
		plain = append(plain, took.Seconds())
		rate, err := b.store.rate(ctx, beside, p.window)
		if err != nil {
			return result{}, result{}, err
		}
		without = append(without, rate)
		took, rate, err = b.backup(ctx, p.window)
		if err != nil {
			return result{}, result{}, err
		}
		whole, during = append(whole, took.Seconds()), append(during, rate)
	}
	took = result{
		name: "backup beside 16 writers, time / plain copy", value: medianRatio(whole, plain), bound: atMost(10),
		note: fmt.Sprintf("%.0f ms against %.0f ms", 1000*median(whole), 1000*median(plain)),
	}
	writes = result{
		name: "writes beside a backup / without", value: medianRatio(during, without), bound: atLeast(0.5 * (1 - p.slack)),
		note: fmt.Sprintf("%.0f/s against %.0f/s", median(during), median(without)),
	}
	return took, writes, nil
}

// plainCopy times a copy of the file as it lies there, until it is on the disk.
func (b *backupBench) plainCopy() (time.Duration, error) {
	from, err := os.Open(b.path)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := os.Create(b.copy)
	if err != nil {
		return 0, err
	}
	defer os.Remove(b.copy)
	begin := time.Now()
	_, err = io.Copy(to, struct{ io.Reader }{from}) // through memory, as a backup: the kernel could share the pages
	if err == nil {
		err = to.Sync()
	}
	return time.Since(begin), errors.Join(err, to.Close())
}

// backup makes one after another for a while, at least one, while writers
// write, and gives how long each took and the writers' rate.
func (b *backupBench) backup(ctx context.Context, window time.Duration) (took time.Duration, rate float64, err error) {
	writing, stop := context.WithCancel(ctx)
	defer stop()
	written := make(chan error, 1)
	go func() {
		var err error
		rate, err = b.store.rate(writing, beside, time.Hour)
		written <- err
	}()
	backups := 0
	for begin := time.Now(); err == nil && (backups == 0 || time.Since(begin) < window); backups++ {
		var one time.Duration
		one, err = b.one(ctx)
		took += one
	}
	stop()
	err = errors.Join(err, <-written)
	return took / time.Duration(backups), rate, err
}

// one times one backup. Whoever receives it is another machine, which takes it
// as fast as it comes.
func (b *backupBench) one(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	_, err := b.store.store.Backup(ctx, io.Discard)
	return time.Since(begin), err
}
