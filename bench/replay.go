package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/tenancy"
)

// put is one key and its value, as the store wrote it; a nil value deletes.
type put struct {
	bucket     string
	key, value []byte
}

// recording is what the store put: for each change, and once for each commit.
type recording struct {
	changes [][]put
	commit  []put // the latest
}

// recorder notes what a store puts, to be replayed. Its note is called by one
// goroutine at a time.
type recorder struct {
	mu   sync.Mutex
	now  recording
	made tenancy.Revision // of the last change in now
	room []byte           // what is kept lies in blocks: the store shall not pay for many small ones
}

// roomSize is the size of a block.
const roomSize = 1 << 20

// keep copies bytes that the store may use again.
func (r *recorder) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	if cap(r.room)-len(r.room) < len(b) {
		r.room = make([]byte, 0, max(roomSize, len(b)))
	}
	from := len(r.room)
	r.room = append(r.room, b...)
	return r.room[from:len(r.room):len(r.room)]
}

// note is for boltstore.Options.OnPut.
func (r *recorder) note(made tenancy.Revision, bucket string, key, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := put{bucket, r.keep(key), r.keep(value)}
	if made == 0 {
		r.now.commit = append(r.now.commit, p)
		r.now.commit = r.now.commit[max(0, len(r.now.commit)-metaPuts):]
		return
	}
	if made != r.made {
		r.made = made
		r.now.changes = append(r.now.changes, make([]put, 0, usualPuts))
	}
	last := len(r.now.changes) - 1
	r.now.changes[last] = append(r.now.changes[last], p)
}

// usualPuts is how many frames a change writes, or a few more.
const usualPuts = 12

// metaPuts is how many frames the store writes once for a commit.
const metaPuts = 2

// take gives what was noted since it was last asked.
func (r *recorder) take() recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.now
	r.now, r.made = recording{commit: taken.commit}, 0
	return taken
}

// bare is a group commit with nothing but bbolt: goroutines that hand in what
// a change puts, and a committer that puts what has come, syncs once, and
// tells them. It decides nothing, reads nothing, and checks nothing.
type bare struct {
	db      *bbolt.DB
	waiting chan submitted
	ended   chan struct{}
	delay   time.Duration // before each sync; set while nobody commits, as is
	commit  []put         // what is written with each commit
}

type submitted struct {
	puts []put
	done chan error
}

// groupLimit is how many changes may share a commit; the store's default.
const groupLimit = 256

// growing names the buckets whose keys come in order; the store fills their
// pages to the end as well.
var growing = [...]string{"audit", "changes", "decisions", "receipt_times"}

// openBare opens a file as the store does, with these first puts in it.
func openBare(path string, first recording) (*bare, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		InitialMmapSize: 1 << 30, FreelistType: bbolt.FreelistArrayType, NoStatistics: true,
	})
	if err != nil {
		return nil, err
	}
	b := &bare{db: db, waiting: make(chan submitted, groupLimit), ended: make(chan struct{})}
	go b.serve()
	if _, err := b.replay(context.Background(), first, 1); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// close ends the committer and closes the file.
func (b *bare) close() error {
	close(b.waiting)
	<-b.ended
	return b.db.Close()
}

// replay lets so many goroutines hand in the changes of a recording, each of
// them the next one as soon as its last is durable, and says how long it took.
func (b *bare) replay(ctx context.Context, r recording, writers int) (time.Duration, error) {
	b.commit = r.commit
	next := make(chan []put, len(r.changes))
	for _, puts := range r.changes {
		next <- puts
	}
	close(next)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range writers {
		wg.Go(func() { errs[i] = b.write(ctx, next) })
	}
	wg.Wait()
	return time.Since(start), errors.Join(errs...)
}

func (b *bare) write(ctx context.Context, next <-chan []put) error {
	done := make(chan error, 1)
	for puts := range next {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.waiting <- submitted{puts, done}
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}

// serve commits groups until nobody hands in any more.
func (b *bare) serve() {
	defer close(b.ended)
	for first := range b.waiting {
		group := []submitted{first}
		err := b.db.Update(func(tx *bbolt.Tx) error { return b.fill(tx, &group) })
		for _, s := range group {
			s.done <- err
		}
	}
}

// fill puts the first of a group and whatever comes meanwhile.
func (b *bare) fill(tx *bbolt.Tx, group *[]submitted) error {
	to := buckets{tx: tx, open: map[string]*bbolt.Bucket{}}
	for i := 0; i < len(*group); i++ {
		if err := to.putAll((*group)[i].puts); err != nil {
			return err
		}
		if i == len(*group)-1 && len(*group) < groupLimit {
			b.join(group)
		}
	}
	if err := to.putAll(b.commit); err != nil {
		return err
	}
	time.Sleep(b.delay)
	return nil
}

// join takes those that wait by now into the group.
func (b *bare) join(group *[]submitted) {
	for len(*group) < groupLimit {
		select {
		case s, open := <-b.waiting:
			if !open {
				return
			}
			*group = append(*group, s)
		default:
			return
		}
	}
}

// buckets are those of one transaction.
type buckets struct {
	tx   *bbolt.Tx
	open map[string]*bbolt.Bucket
}

func (b buckets) putAll(puts []put) error {
	for _, p := range puts {
		to, err := b.bucket(p.bucket)
		if err != nil {
			return err
		}
		if p.value == nil {
			err = to.Delete(p.key)
		} else {
			err = to.Put(p.key, p.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b buckets) bucket(name string) (*bbolt.Bucket, error) {
	if known := b.open[name]; known != nil {
		return known, nil
	}
	bucket, err := b.tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return nil, err
	}
	if slices.Contains(growing[:], name) {
		bucket.FillPercent = 1
	}
	b.open[name] = bucket
	return bucket, nil
}
