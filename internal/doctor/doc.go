// Package doctor sends hostile requests through a reverse proxy, as any client
// could, and tells from the answers what its configuration lets through. It
// knows nothing of Memberward's inside. What the application got it learns from
// [Application], which stands in its place for the time of the examination, and
// what was judged from the decisions that Memberward's API keeps. What it could
// not find out is never counted as passed.
package doctor
