//go:build unix

package main

import "syscall"

// keepToOwner makes whatever this process creates its owner's alone. go-plugin
// makes the socket on which it takes Grafana's calls, and those name their
// caller's role: whoever may write it is an Admin.
func keepToOwner() { syscall.Umask(0o077) }
