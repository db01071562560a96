// Package archtest holds the tests of the project's layout: which package may import which, where state may live, how
// large a file, a function or an interface may grow, and what must carry a comment. It contains no program code.
//
// The rules stand as tables in layout_test.go. The tests parse the checkout in-process, so that the test cache notices
// every file they read. Each rule has a planted fault beside it: a small tree that breaks the rule and must be
// reported.
package archtest
