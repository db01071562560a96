// Package proxytest runs a real nginx with the shipped configuration, in front
// of an application that tells what it received. Tests of the proxy endpoints
// and the end-to-end tests share it. It knows nothing of the program: whoever
// uses it says where Memberward listens.
package proxytest
