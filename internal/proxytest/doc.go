// Package proxytest runs real reverse proxies with the shipped configurations,
// in front of an application that tells what it received. Tests of the proxy
// endpoints and the end-to-end tests share it. It knows nothing of the
// program: whoever uses it says where Memberward listens. A proxy is one small
// file and one entry in [Kinds].
package proxytest
