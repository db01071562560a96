// Package snippet gives the shipped configurations of reverse proxies, with an
// operator's addresses in the place of the example's.
package snippet
