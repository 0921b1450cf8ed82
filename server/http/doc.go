// Package http listens for operators: metrics and probes, in plain HTTP, apart from what clients talk to.
//
//	http.listener --> /metrics   what server/metrics counts
//	                  /livez     server/health, about the loops
//	                  /readyz    server/health, about the service
//
// Life of a listener: Listen before anything else of the broker begins, so that an address in use is told at once; Serve; Close when
// the broker has ended, so that a probe sees the whole stop.
//
// Laws:
//
//	HT-1  A client of this listener can neither change anything nor hold much: only GET and HEAD, short headers, no bodies, a few
//	      connections, and a time limit for each step.
//
// What it does not do: it authenticates nobody, and there is no pprof and no other door for debugging behind it.
package http
