package pgtest

import "syscall"

// tie makes the server end with the test binary, however that ends.
func tie(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
