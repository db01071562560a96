package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the program's own numbers in a registry of their own, with the
// usual ones of the process and of Go's runtime beside them.
type Metrics struct {
	registry  *prometheus.Registry
	actions   []string
	codes     *bounded
	decisions *prometheus.CounterVec
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	faults    *prometheus.CounterVec
	checks    *prometheus.CounterVec
}

// Build describes the running binary, for memberward_build_info.
type Build struct {
	Version, Revision, GoVersion string
}

// codesLimit bounds the codes of refusals that get a series of their own:
// policies of an operator's own may make up codes.
const codesLimit = 100

// other stands for every value beyond a label's bounds.
const other = "other"

// buckets are upper bounds of durations in seconds: a check takes well under
// a millisecond, a hashed password some ten, a slow disk seconds.
var buckets = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// NewMetrics makes the metrics. Actions outside the given ones are counted as
// "other", since anybody may ask about an action of any name.
func NewMetrics(build Build, actions []string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		actions:  slices.Sorted(slices.Values(actions)),
		codes:    &bounded{limit: codesLimit},
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "memberward_decisions_total",
			Help: "Decisions by what was decided (change, check, read), the action, the verdict and the first reason's code.",
		}, []string{"kind", "action", "verdict", "code"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "memberward_requests_total",
			Help: "Answered HTTP requests by listener, dialect and status.",
		}, []string{"listener", "dialect", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "memberward_request_duration_seconds",
			Help:    "Time from a request's head to the end of its answer, in seconds.",
			Buckets: buckets,
		}, []string{"listener", "dialect"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "memberward_policy_faults_total",
			Help: "Decisions refused because the policy failed, by code; alert on any increase.",
		}, []string{"code"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "memberward_proxy_checks_total",
			Help: "Answered checks of proxies by protocol (nginx, forward, haproxy, envoy, grpc, fcgi) and status.",
		}, []string{"protocol", "status"}),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "memberward_build_info", Help: "Constant 1, labelled with the running build.",
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "goversion": build.GoVersion},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.decisions, m.requests, m.durations, m.faults, m.checks, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Decision counts one decision: kind is change, check or read; the code is
// the first reason of a refusal, empty when allowed.
func (m *Metrics) Decision(kind, action string, allowed bool, code string) {
	if _, known := slices.BinarySearch(m.actions, action); !known {
		action = other
	}
	verdict := "deny"
	if allowed {
		verdict = "allow"
	}
	m.decisions.WithLabelValues(kind, action, verdict, m.codes.keep(code)).Inc()
}

// PolicyFault counts a decision that failed closed because of the policy.
func (m *Metrics) PolicyFault(code string) { m.faults.WithLabelValues(m.codes.keep(code)).Inc() }

// Request counts one answered request. The dialect is empty for paths that
// belong to none.
func (m *Metrics) Request(listener, dialect string, status int, took time.Duration) {
	m.requests.WithLabelValues(listener, dialect, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(listener, dialect).Observe(took.Seconds())
}

// ProxyCheck counts one answered check, of the few protocols that there are.
func (m *Metrics) ProxyCheck(protocol string, status int) {
	m.checks.WithLabelValues(protocol, strconv.Itoa(status)).Inc()
}

// Reading is one number that is read whenever the metrics are.
type Reading struct {
	Name    string // whole, with unit: memberward_store_commits_total
	Help    string
	Counter bool // only ever rises
	Value   func() float64
}

// Watch adds readings.
func (m *Metrics) Watch(readings ...Reading) {
	for _, r := range readings {
		if r.Counter {
			m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: r.Name, Help: r.Help}, r.Value))
			continue
		}
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: r.Name, Help: r.Help}, r.Value))
	}
}

// WatchPolicy adds memberward_policy_info, a constant 1 labelled with the
// active policy set.
func (m *Metrics) WatchPolicy(active func() (revision, source string)) {
	m.registry.MustRegister(policyInfo{
		active: active,
		desc: prometheus.NewDesc("memberward_policy_info", "Constant 1, labelled with the active policy set.",
			[]string{"revision", "source"}, nil),
	})
}

// policyInfo reads its labels anew each time, so that only the active set
// has a series.
type policyInfo struct {
	active func() (revision, source string)
	desc   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (p policyInfo) Describe(out chan<- *prometheus.Desc) { out <- p.desc }

// Collect implements prometheus.Collector.
func (p policyInfo) Collect(out chan<- prometheus.Metric) {
	revision, source := p.active()
	out <- prometheus.MustNewConstMetric(p.desc, prometheus.GaugeValue, 1, revision, source)
}

// Handler serves the metrics in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 5 * time.Second})
}

// bounded keeps the first values of a label, and turns the rest into "other".
type bounded struct {
	limit int
	seen  sync.Map // of string to struct{}
	mu    sync.Mutex
	count int
}

func (b *bounded) keep(value string) string {
	if _, known := b.seen.Load(value); known {
		return value
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count >= b.limit {
		return other
	}
	if _, known := b.seen.LoadOrStore(value, struct{}{}); !known {
		b.count++
	}
	return value
}
